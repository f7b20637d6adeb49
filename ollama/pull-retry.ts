import type { Options } from 'p-retry';

/**
 * How a transfer that failed in passing is tried again: five more times, after 0.5, 1, 2, 4 and 8 seconds, each up to
 * twice as long by chance, so that many models do not come back at one moment. An attempt that brought more than
 * `progressBytes` does not count: a line that is cut every minute still brings a large model home.
 */
export const transferRetry = {
  retries: 5,
  minTimeout: 500,
  factor: 2,
  maxTimeout: 8000,
  randomize: true,
} as const satisfies Options;

/** Bytes that make an attempt worth another. */
const progressBytes = 16e6;

/** Milliseconds without a new byte after which a transfer counts as stalled. Ollama itself waits for ever. */
export const defaultStallMs = 60_000;

/** Runs `attempt` until it succeeds, fails for good, or the retries are used up; it resolves or rejects as that one did. */
export async function retried(attempt: () => Promise<void>, watch: RetryWatch): Promise<void> {
  const { default: retry } = await import('p-retry');
  const isPassing = (error: unknown): boolean => !watch.signal.aborted && watch.isPassing(error);
  let before = watch.bytes();
  await retry(attempt, {
    ...transferRetry,
    signal: watch.signal,
    shouldRetry: ({ error }) => isPassing(error),
    shouldConsumeRetry: () => {
      const brought = watch.bytes() - before;
      before = watch.bytes();
      return brought < progressBytes;
    },
    onFailedAttempt: ({ error, retriesLeft }) => {
      if (retriesLeft > 0 && isPassing(error)) watch.onRetry(error);
    },
  });
}

export interface RetryWatch {
  readonly signal: AbortSignal;
  /** Bytes that came so far, over all attempts. */
  readonly bytes: () => number;
  readonly isPassing: (error: unknown) => boolean;
  readonly onRetry: (error: Error) => void;
}

import type { LoadProgress } from './load-progress.js';
import { isPassing } from './load-failure.js';
import type { Pull } from './load-attempt.js';
import type { PullCheckContext } from './pull-check.js';
import type { PullRates } from './pull-rate.js';
import { retried } from './pull-retry.js';
import { StallWatch } from './pull-stall.js';
import { OllamaServer } from './server.js';
import type { ServerProgress } from './server.js';

export interface PullContext extends PullCheckContext {
  readonly server: OllamaServer;
  readonly stallMs: number;
  readonly rates: PullRates;
}

/**
 * Lets Ollama pull. Tries again after a cut or a stall; Ollama keeps what it has and goes on from there. What it had
 * whole is checked afterwards, and fetched once more when it is wrong. Rejects with the last error.
 */
export async function pullModel(pull: Pull, progress: LoadProgress, context: PullContext): Promise<void> {
  const found = await pullOnce(pull, progress, context);
  if (found.length === 0) return;
  const { removeWrongBlobs } = await import('./pull-check.js');
  if (!(await removeWrongBlobs(found, context))) return;
  progress.bytes('trying again after: what an interrupted pull left was wrong');
  await pullOnce(pull, progress, context);
}

/** Resolves to the digests of the layers that Ollama found in the store. */
async function pullOnce(pull: Pull, progress: LoadProgress, context: PullContext): Promise<readonly string[]> {
  const meter = new ByteMeter((bytes) => context.rates.add(pull.host, bytes));
  let found: readonly string[] = [];
  const work = async (): Promise<void> => {
    found = await attempt(pull, progress, meter, context);
  };
  await retried(work, {
    signal: context.signal,
    bytes: () => meter.bytes,
    isPassing,
    onRetry: ({ message }) => progress.bytes(`trying again after: ${message}`),
  });
  return found;
}

async function attempt(
  pull: Pull,
  progress: LoadProgress,
  meter: ByteMeter,
  context: PullContext,
): Promise<readonly string[]> {
  const firstLines = new Map<string, ServerProgress>();
  const stall = new StallWatch(context.stallMs);
  const server = new OllamaServer(context.server.url, AbortSignal.any([context.signal, stall.signal]));
  stall.arm();
  try {
    for await (const line of server.pull(pull.name, { insecure: pull.insecure === true })) {
      progress.line(line);
      if (line.digest !== undefined && !firstLines.has(line.digest)) firstLines.set(line.digest, line);
      if (!line.status.startsWith('pulling')) stall.disarm();
      else if (meter.line(line)) stall.arm();
    }
    // What Ollama has it tells at once and whole.
    return [...firstLines].flatMap(([digest, { completed, total }]) => (completed === total ? [digest] : []));
  } catch (error) {
    throw stall.explain(error, pull.host);
  } finally {
    stall.disarm();
  }
}

/** Counts what comes over the line: Ollama tells each layer's sum, whole at once where the store has it. */
class ByteMeter {
  #bytes = 0;
  readonly #layers = new Map<string, number>();

  constructor(private readonly onBytes: (bytes: number) => void) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the line tells of something new. After a failed part Ollama counts a layer down again. */
  line({ digest, completed = 0 }: ServerProgress): boolean {
    if (digest === undefined) return false;
    const before = this.#layers.get(digest);
    this.#layers.set(digest, completed);
    if (before === undefined) {
      this.onBytes(0);
      return true;
    }
    if (completed <= before) return false;
    this.#bytes += completed - before;
    this.onBytes(completed - before);
    return true;
  }
}

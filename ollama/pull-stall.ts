/** Ends a transfer that brings nothing any more. */
export class StallWatch {
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly stallMs: number) {}

  /** Aborted when it stalled. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Something came; more is expected within the time. */
  arm(): void {
    this.disarm();
    this.#timer = setTimeout(() => this.#abort.abort(), this.stallMs);
  }

  /** Nothing is expected: what comes next is work on the disk. */
  disarm(): void {
    clearTimeout(this.#timer);
  }

  /** `work`, or a rejection as soon as it stalls. What comes of it later is handed to `drop`. */
  async race<T>(work: Promise<T>, drop: (late: T) => void): Promise<T> {
    const { signal } = this;
    const stalled = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('stalled')), { once: true });
    });
    return Promise.race([work, stalled]).catch((error: unknown) => {
      if (signal.aborted) void work.then(drop, () => undefined);
      throw error;
    });
  }

  /** The error of a transfer from `host` that ended with `error`: what stalled says so. */
  explain(error: unknown, host: string): unknown {
    return this.signal.aborted ? new Error(`stalled: no byte for ${this.stallMs / 1000} s from ${host}`) : error;
  }
}

/** Signals that come closer together than this are one wish: a terminal and npm both deliver the same Ctrl-C. */
const sameWishMs = 500;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listens for Ctrl-C (and SIGTERM, SIGHUP) while something runs that must not be cut off. */
export class Interruption {
  #last = Number.NEGATIVE_INFINITY;
  #asked = 0;
  readonly #listener = () => this.#signal();

  /** @param onWish is called once for each separate wish to stop, with how many there were */
  constructor(
    private readonly onWish: (count: number) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    for (const signal of signals) process.on(signal, this.#listener);
  }

  /** Whether somebody asked to stop. */
  get asked(): boolean {
    return this.#asked > 0;
  }

  /** Gives the signals back to their default action. */
  end(): void {
    for (const signal of signals) process.off(signal, this.#listener);
  }

  #signal(): void {
    const at = this.now();
    const repeated = at - this.#last < sameWishMs;
    this.#last = at;
    if (repeated) return;
    this.#asked += 1;
    this.onWish(this.#asked);
  }
}

/** Fewer bytes say more about latency than about the line. */
const worthMeasuring = 10e6;

/** Measures what each registry host delivered, over all pulls of a run: they share its line. */
export class PullRates {
  readonly #hosts = new Map<string, { bytes: number; from: number; to: number }>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** `bytes` more came from `host`; 0 marks the start. */
  add(host: string, bytes: number): void {
    const at = this.now();
    const known = this.#hosts.get(host) ?? { bytes: 0, from: at, to: at };
    this.#hosts.set(host, { ...known, bytes: known.bytes + bytes, to: bytes > 0 ? at : known.to });
  }

  /** Bytes a second by host, of hosts that delivered more than 10 MB. */
  rates(): Record<string, number> {
    return Object.fromEntries(
      [...this.#hosts].flatMap(([host, { bytes, from, to }]) =>
        bytes > worthMeasuring && to > from ? [[host, Math.round((bytes / (to - from)) * 1000)]] : [],
      ),
    );
  }
}

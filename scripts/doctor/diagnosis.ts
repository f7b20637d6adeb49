/** One thing the doctor looked at. */
export interface Diagnosis {
  /** Stable name, such as `engine` or `port-in-use`. */
  readonly code: string;
  readonly status: 'fine' | 'advice' | 'broken';
  /** What was looked at, and how it is. */
  readonly what: string;
  readonly cause?: string;
  /** A command, or a change of the manifest, that mends it. */
  readonly remedy?: string;
}

/** What the doctor saw of this machine. */
export interface Machine {
  readonly engine: {
    readonly host: string;
    readonly version: string;
    readonly memory: number;
    readonly cpus: number;
    readonly nvidia: boolean;
  };
  /** Free bytes where the engine keeps its volumes; absent for an engine elsewhere, or one that does not tell. */
  readonly freeDisk?: number;
}

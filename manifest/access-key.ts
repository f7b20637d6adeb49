/** A key of the gateway, without the key: only its hash is kept. */
export interface AccessKey {
  /** Letters, digits, `.`, `_` and `-`, at most 63; what logs and metrics call it. */
  readonly name: string;
  /** SHA-256 of the whole key text, lower-case hex. Keys are 256 random bits, so no salt and no stretching is needed. */
  readonly sha256: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  /** Canonical names of the models it may use; absent: every model. */
  readonly models?: readonly string[];
  /** Requests in any 60 seconds; absent: no limit. */
  readonly requestsPerMinute?: number;
  /** Requests at once; absent: no limit. */
  readonly concurrency?: number;
  /** After a rotation: the hash of the key before, which is taken until then (RFC 3339). */
  readonly retiring?: { readonly sha256: string; readonly until: string };
}

/** `keys.json` in the volume of the gateway: the truth, from which `keys.map` is written. */
export interface KeyFile {
  readonly version: 1;
  readonly keys: readonly AccessKey[];
}

/**
 * What the verbs that Terraform runs for a gateway report while they work, one at a time. Printed as lines for people; as
 * NDJSON on stdout when `OLLAMA_STACKS_PROGRESS=json`, which `up` sets to draw progress out of Terraform's events.
 */
export type RolloutEvent = { readonly type: 'rollout' } & RolloutStep;

/** Servers are called as in the manifest; times are milliseconds. */
export type RolloutStep =
  | { readonly step: 'certificate'; readonly action: 'made' | 'installed'; readonly reason?: string }
  /** Worth a look, and no failure. */
  | { readonly step: 'warning'; readonly message: string }
  /** Requests are about to be moved to these. */
  | { readonly step: 'moving'; readonly servers: readonly string[] }
  /** They get the requests from now on. */
  | { readonly step: 'serving'; readonly servers: readonly string[]; readonly ms: number }
  /** Requests that servers which go still answer; told when the number changes. */
  | { readonly step: 'draining'; readonly servers: readonly string[]; readonly requests: number }
  /** Nothing is left on them. */
  | { readonly step: 'drained'; readonly servers: readonly string[]; readonly ms: number }
  /** The time to drain is over; these requests are cut when the servers are removed. */
  | { readonly step: 'cut'; readonly servers: readonly string[]; readonly requests: number; readonly ms: number }
  /** Lower case, no full stop; `next`: what to do; `original`: what the tool below us said, unchanged. */
  | { readonly step: 'failed'; readonly message: string; readonly next?: string; readonly original?: string };

/**
 * What the loader reports while it works, one at a time. Printed as sparse lines for people; as NDJSON on stdout when
 * `OLLAMA_STACKS_PROGRESS=json`, which `up` sets to draw progress out of Terraform's `provision_progress` events.
 */
export type LoadEvent =
  | { readonly type: 'server'; readonly server: string; readonly version: string; readonly ms: number }
  /** The source that answered, in words; `skipped` are the earlier ones and why each was passed over. */
  | {
      readonly type: 'source';
      readonly model: string;
      readonly source: string;
      readonly skipped: readonly SkippedSource[];
    }
  /** `status` is Ollama's own word (`pulling`, `verifying sha256 digest`) or `downloading`, `uploading`, `creating`; bytes. */
  | {
      readonly type: 'progress';
      readonly model: string;
      readonly status: string;
      readonly completed?: number;
      readonly total?: number;
    }
  | {
      readonly type: 'loaded';
      readonly model: string;
      readonly action: LoadAction;
      readonly digest: string;
      readonly bytes: number;
      readonly ms: number;
    }
  | { readonly type: 'preloaded'; readonly model: string; readonly server: string; readonly ms: number }
  /** A model that nothing declares any more was removed; `bytes` that this freed. */
  | { readonly type: 'pruned'; readonly model: string; readonly bytes: number }
  /** Worth a look, and no failure. */
  | { readonly type: 'warning'; readonly model?: string; readonly message: string }
  | { readonly type: 'failed'; readonly model?: string; readonly message: string };

export type LoadAction = 'present' | 'pulled' | 'created';

export interface SkippedSource {
  readonly source: string;
  readonly reason: string;
}

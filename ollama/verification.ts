import type { StoredManifest, StoreInventory } from './store-inventory.js';
import { usersOf } from './store-usage.js';
import type { HashedBlob, Hashing } from './verification-hashing.js';

/** What is wrong in a store. Digests are `sha256:<hex>`, `models` canonical names. */
export type VerificationFinding =
  /** The bytes are not those that the name of the blob promises; of no model when it is only left over. */
  | (BlobTrouble & {
      readonly kind: 'corrupt';
      /** Bytes it has. */
      readonly bytes: number;
      /** Bytes it should have, where a manifest tells. */
      readonly expected?: number;
    })
  /** The disk does not give its bytes. */
  | (BlobTrouble & { readonly kind: 'unreadable'; readonly bytes: number })
  /** A manifest names a blob that is not there; `bytes` is what the manifest says of it. */
  | (BlobTrouble & { readonly kind: 'missing'; readonly bytes: number })
  /** The manifest of a model cannot be read, so Ollama does not know the model. */
  | { readonly kind: 'broken-manifest'; readonly models: readonly string[]; readonly reason: string }
  /** A model is whole, but another one than the lock pins. */
  | {
      readonly kind: 'not-locked';
      readonly models: readonly string[];
      readonly digest: string;
      readonly locked: string;
    };

interface BlobTrouble {
  readonly digest: string;
  readonly models: readonly string[];
}

/** A finding about one blob, which can be fetched again. */
export type BlobFinding = Extract<VerificationFinding, BlobTrouble & { readonly bytes: number }>;

/** What was read of a store. */
export interface VerifiedStore {
  readonly inventory: StoreInventory;
  readonly hashing: Hashing;
  readonly findings: readonly VerificationFinding[];
  /** Whole blobs that no model has; Ollama removes them when it starts. */
  readonly unreferenced: readonly HashedBlob[];
}

/**
 * Compares what manifests name with what is there and hashes to its name.
 * @param locked digest that the lock pins, by model name
 */
export function judgeStore(
  inventory: StoreInventory,
  hashing: Hashing,
  locked: ReadonlyMap<string, string>,
): VerifiedStore {
  const users = usersOf(inventory.models);
  const expected = new Map(inventory.models.flatMap(({ layers }) => layers.map(({ digest, size }) => [digest, size])));
  // One that came after the hashing began is not missing.
  const present = new Set([...hashing.blobs.map(({ digest }) => digest), ...inventory.blobs.keys()]);
  const missing = [...expected].flatMap(([digest, bytes]): VerificationFinding[] =>
    present.has(digest) ? [] : [{ kind: 'missing', digest, bytes, models: users.get(digest) ?? [] }],
  );
  const bad = hashing.blobs.flatMap((blob) => judgeBlob(blob, users.get(blob.digest) ?? [], expected.get(blob.digest)));
  const broken = (inventory.broken ?? []).map(({ name, reason }) => {
    return { kind: 'broken-manifest', models: [name], reason } as const;
  });
  return {
    inventory,
    hashing,
    findings: [...bad, ...missing, ...broken, ...unlocked(inventory.models, locked)],
    unreferenced: hashing.blobs.filter(({ digest, actual }) => digest === actual && !users.has(digest)),
  };
}

/** A blob of the right digest has the right size, whatever a manifest says. */
function judgeBlob(
  { digest, actual, bytes }: HashedBlob,
  models: readonly string[],
  expected: number | undefined,
): VerificationFinding[] {
  if (actual === digest) return [];
  if (actual === undefined) return [{ kind: 'unreadable', digest, bytes, models }];
  return [{ kind: 'corrupt', digest, bytes, models, ...(expected !== undefined && { expected }) }];
}

function unlocked(models: readonly StoredManifest[], pinned: ReadonlyMap<string, string>): VerificationFinding[] {
  return models.flatMap(({ name, digest }) => {
    const locked = pinned.get(name);
    if (locked === undefined || locked === digest) return [];
    return [{ kind: 'not-locked', models: [name], digest, locked }];
  });
}

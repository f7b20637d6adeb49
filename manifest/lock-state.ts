import type { Lock } from './lock.js';
import type { Model } from './manifest.js';

/** How a lock fits what is declared; names in the order of the manifest, those of `unused` in the order of the lock. */
export interface LockState {
  /** Declared and not locked. */
  readonly missing: readonly string[];
  /** Declared otherwise than when they were locked. */
  readonly stale: readonly string[];
  /** Locked and no longer declared. */
  readonly unused: readonly string[];
  readonly current: readonly string[];
}

/** Compares a lock with the declared models. `declarations` are their hashes now, by name (`declarationHash`). */
export function lockState(
  models: readonly Pick<Model, 'name'>[],
  declarations: ReadonlyMap<string, string>,
  lock: Lock | undefined,
): LockState {
  const locked = new Map(Object.entries(lock?.models ?? {}));
  const declared = new Set(models.map(({ name }) => name));
  const stateOf = (name: string): 'missing' | 'stale' | 'current' => {
    const entry = locked.get(name);
    if (entry === undefined) return 'missing';
    return entry.declaration === declarations.get(name) ? 'current' : 'stale';
  };
  const sorted = { missing: [] as string[], stale: [] as string[], current: [] as string[] };
  for (const name of declared) sorted[stateOf(name)].push(name);
  return { ...sorted, unused: [...locked.keys()].filter((name) => !declared.has(name)) };
}

import pLimit from 'p-limit';
import { basesOf } from '../../manifest/declaration.js';
import type { Lock, LockedModel } from '../../manifest/lock.js';
import type { LockState } from '../../manifest/lock-state.js';
import type { Model } from '../../manifest/manifest.js';
import { LoadError } from '../../ollama/load-error.js';
import { resolveModel, type ResolutionContext } from '../../ollama/model-resolution.js';
import type { DeclaredModels } from './declared-models.js';

/** Models that are resolved at a time. */
const atOnce = 8;

/**
 * Names of the models to resolve: what is missing, stale or to be updated, and what is made from one of those, because
 * it has its base's layers.
 */
export function toResolve(
  { models, byKey }: DeclaredModels,
  { missing, stale }: LockState,
  updates: ReadonlySet<string>,
): ReadonlySet<string> {
  const wanted = new Set([...missing, ...stale, ...updates]);
  const visited = new Map<string, boolean>();
  const follows = (model: Model): boolean => {
    const known = visited.get(model.name);
    if (known !== undefined) return known;
    const found = wanted.has(model.name) || basesOf(model, byKey).some(follows);
    visited.set(model.name, found);
    return found;
  };
  return new Set(models.filter(follows).map(({ name }) => name));
}

export interface Resolutions {
  readonly entries: ReadonlyMap<string, LockedModel>;
  /** In the order of the models. */
  readonly failures: readonly { readonly name: string; readonly error: LoadError }[];
}

/** Resolves models, all of them even when some fail. `onProgress` is told the names that are being resolved, and how many are done. */
export async function resolveAll(
  models: readonly Model[],
  context: ResolutionContext,
  onProgress: (done: number, current: readonly string[]) => void,
): Promise<Resolutions> {
  const limit = pLimit(atOnce);
  const current = new Set<string>();
  let done = 0;
  const resolved = await Promise.all(
    models.map(async (model) =>
      limit(async () => {
        onProgress(done, [...current.add(model.name)]);
        const entry = await resolveModel(model, context).catch(asFailure);
        current.delete(model.name);
        done += 1;
        onProgress(done, [...current]);
        return { name: model.name, entry };
      }),
    ),
  );
  const failures = resolved.flatMap(({ name, entry }) => (entry instanceof LoadError ? [{ name, error: entry }] : []));
  const entries = resolved.flatMap(({ name, entry }) => (entry instanceof LoadError ? [] : [[name, entry] as const]));
  return { entries: new Map(entries), failures };
}

function asFailure(error: unknown): LoadError {
  if (error instanceof LoadError) return error;
  throw error;
}

/** The lock as it should be: what was resolved, what stays as it is, and, where `keep` says so, what nothing declares. */
export function relocked(
  before: Lock,
  { models }: DeclaredModels,
  { unused }: LockState,
  resolved: ReadonlyMap<string, LockedModel>,
  keep: boolean,
): Lock {
  const entries = models.flatMap(({ name }) => {
    const entry = resolved.get(name) ?? before.models[name];
    return entry === undefined ? [] : [[name, entry] as const];
  });
  const kept = keep ? unused.map((name) => [name, before.models[name] as LockedModel] as const) : [];
  return { models: Object.fromEntries([...entries, ...kept]) };
}

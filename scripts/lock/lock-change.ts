import type { Lock, LockedModel } from '../../manifest/lock.js';

/**
 * What became of one entry: `locked` is new, `moved` has other layers or another digest than before, `renewed` only another declaration or
 * other facts.
 */
export interface LockChange {
  readonly name: string;
  readonly kind: 'locked' | 'moved' | 'renewed' | 'kept' | 'removed';
  readonly before?: LockedModel;
  readonly after?: LockedModel;
}

/** Every entry of either lock, sorted by name as in the file. */
export function lockChanges(before: Lock, after: Lock): LockChange[] {
  const names = [...new Set([...Object.keys(before.models), ...Object.keys(after.models)])];
  return names
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => changeOf(name, entryOf(before, name), entryOf(after, name)));
}

function entryOf({ models }: Lock, name: string): LockedModel | undefined {
  return Object.hasOwn(models, name) ? models[name] : undefined;
}

function changeOf(name: string, before: LockedModel | undefined, after: LockedModel | undefined): LockChange {
  if (after === undefined) return { name, kind: 'removed', ...(before && { before }) };
  if (before === undefined) return { name, kind: 'locked', after };
  if (JSON.stringify(before) === JSON.stringify(after)) return { name, kind: 'kept', before, after };
  const same = before.digest === after.digest && JSON.stringify(before.layers) === JSON.stringify(after.layers);
  return { name, kind: same ? 'renewed' : 'moved', before, after };
}

/** Bytes of all layers of some models; a layer that several have counts once. */
export function distinctBytes(models: readonly LockedModel[]): number {
  const layers = new Map(models.flatMap((model) => model.layers.map(({ digest, bytes }) => [digest, bytes] as const)));
  return [...layers.values()].reduce((sum, bytes) => sum + bytes, 0);
}

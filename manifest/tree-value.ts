import type { PathSegment } from './diagnostics.js';
import type { MapEntry, MapTree, ScalarTree, Tree } from './yaml-tree.js';

/** The plain value of a tree: null-prototype objects, lists, and scalars. */
export function treeValue(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(treeValue);
  const value: Record<string, unknown> = Object.create(null);
  for (const [key, entry] of tree.entries) value[key] = treeValue(entry.tree);
  return value;
}

/** Offset of what a path names, or of its key; of the nearest thing above when the path leads nowhere. */
export function treeOffset(tree: Tree, path: readonly PathSegment[], atKey: boolean): number {
  let at: { readonly keyOffset: number; readonly tree: Tree } = { keyOffset: tree.offset, tree };
  for (const segment of path) {
    const next = step(at.tree, segment);
    if (next === undefined) return at.keyOffset;
    at = next;
  }
  return atKey ? at.keyOffset : at.tree.offset;
}

/** The tree at a path. */
export function treeAt(tree: Tree, path: readonly PathSegment[]): Tree | undefined {
  return path.reduce<Tree | undefined>((at, segment) => at && step(at, segment)?.tree, tree);
}

/** The same tree with every scalar changed by `change`. */
export function mapScalars(
  tree: Tree,
  change: (scalar: ScalarTree, path: readonly PathSegment[]) => ScalarTree,
  path: readonly PathSegment[] = [],
): Tree {
  if (tree.kind === 'scalar') return change(tree, path);
  if (tree.kind === 'list') {
    return { ...tree, items: tree.items.map((item, index) => mapScalars(item, change, [...path, index])) };
  }
  const entries = new Map<string, MapEntry>();
  for (const [key, entry] of tree.entries) {
    entries.set(key, { ...entry, tree: mapScalars(entry.tree, change, [...path, key]) });
  }
  return { ...tree, entries };
}

/** The map without the keys that `drop` names. */
export function withoutKeys(tree: MapTree, drop: (key: string) => boolean): MapTree {
  return { ...tree, entries: new Map<string, MapEntry>([...tree.entries].filter(([key]) => !drop(key))) };
}

function step(tree: Tree, segment: PathSegment): MapEntry | undefined {
  if (tree.kind === 'map') return tree.entries.get(String(segment));
  const item = tree.kind === 'list' && typeof segment === 'number' ? tree.items[segment] : undefined;
  return item && { keyOffset: item.offset, tree: item };
}

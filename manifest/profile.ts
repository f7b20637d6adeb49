import type { Finding, PathSegment } from './diagnostics.js';
import { suggestion } from './suggestion.js';
import type { MapEntry, MapTree } from './yaml-tree.js';

/**
 * The manifest with the overlay of one profile: maps merge, texts and lists replace, null removes. Every value keeps
 * the place where it was written.
 */
export function applyProfile(
  manifest: MapTree,
  profile: string,
): { readonly tree: MapTree; readonly findings: readonly Finding[] } {
  const profiles = manifest.entries.get('profiles')?.tree;
  const names = profiles?.kind === 'map' ? [...profiles.entries.keys()] : [];
  const overlay = profiles?.kind === 'map' ? profiles.entries.get(profile)?.tree : undefined;
  if (overlay === undefined) return { tree: manifest, findings: [unknownProfile(profile, names)] };
  if (overlay.kind !== 'map') return { tree: manifest, findings: [] };
  const findings: Finding[] = [];
  return { tree: merge(manifest, overlay, [], findings), findings };
}

function unknownProfile(profile: string, names: readonly string[]): Finding {
  const declared = names.length === 0 ? 'the manifest declares none' : `the manifest declares ${names.join(', ')}`;
  return {
    severity: 'error',
    code: 'unknown-profile',
    path: ['profiles'],
    message: `there is no profile ${JSON.stringify(profile)}`,
    hint: suggestion(profile, names) ?? declared,
    atKey: true,
  };
}

function merge(base: MapTree, overlay: MapTree, path: readonly PathSegment[], findings: Finding[]): MapTree {
  const entries = new Map<string, MapEntry>(base.entries);
  for (const [key, entry] of overlay.entries) {
    const below = entries.get(key)?.tree;
    const here = [...path, key];
    if (entry.tree.kind === 'scalar' && entry.tree.value === null) {
      if (!entries.delete(key)) findings.push(removesNothing(here, entry.keyOffset));
    } else if (entry.tree.kind === 'map' && below?.kind === 'map') {
      entries.set(key, { ...entry, tree: merge(below, entry.tree, here, findings) });
    } else entries.set(key, entry);
  }
  return { ...base, entries };
}

function removesNothing(path: readonly PathSegment[], offset: number): Finding {
  const hint = 'an empty value in a profile removes; write {} to add';
  return {
    severity: 'warning',
    code: 'removes-nothing',
    path,
    message: 'there is nothing to remove here',
    hint,
    offset,
  };
}

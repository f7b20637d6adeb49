import type { Finding } from './diagnostics.js';
import { manifestSchema } from './schema.js';
import { findingsOfIssue } from './schema-finding.js';
import { treeAt, treeValue, withoutKeys } from './tree-value.js';
import type { MapTree } from './yaml-tree.js';

const overlaySchema = manifestSchema.omit({ profiles: true });

/**
 * Keys and types of the profiles that are not applied. They are held against the schema by themselves, so what they
 * leave out, remove or take from variables is no mistake here.
 */
export function checkProfiles(manifest: MapTree, applied: string | undefined): Finding[] {
  const profiles = manifest.entries.get('profiles')?.tree;
  if (profiles === undefined) return [];
  if (profiles.kind !== 'map') {
    return [
      {
        severity: 'error',
        code: 'type',
        path: ['profiles'],
        message: 'must be a map of overlays by name',
        offset: profiles.offset,
      },
    ];
  }
  return [...profiles.entries].flatMap(([name, { tree, keyOffset }]) => {
    const path = ['profiles', name];
    if (tree.kind !== 'map') {
      return [
        { severity: 'error', code: 'type', path, message: 'must be a map of what differs', offset: keyOffset } as const,
      ];
    }
    return name === applied
      ? []
      : checkOverlay(
          withoutKeys(tree, (key) => key.startsWith('x-')),
          path,
        );
  });
}

function checkOverlay(overlay: MapTree, path: readonly string[]): Finding[] {
  const value = treeValue(overlay);
  const result = overlaySchema.safeParse(value);
  if (result.success) return [];
  return result.error.issues
    .flatMap((issue) => findingsOfIssue(issue, overlaySchema, value))
    .filter((finding) => finding.code === 'unknown-key' || isWritten(overlay, finding))
    .map((finding) => ({ ...finding, path: [...path, ...finding.path] }));
}

function isWritten(overlay: MapTree, { path }: Finding): boolean {
  const tree = treeAt(overlay, path);
  if (tree?.kind !== 'scalar') return tree !== undefined;
  return tree.value !== null && !(typeof tree.value === 'string' && tree.value.includes('${'));
}

import type * as z from 'zod';
import type { Finding, PathSegment } from './diagnostics.js';
import { findingsOfIssue, manifestPath, valueAt } from './schema-finding.js';
import { mapScalars, treeAt, treeValue } from './tree-value.js';
import type { Tree } from './yaml-tree.js';

/** Leaving out what is wrong can make something above wrong (a required key); deeper than this the schema does not nest. */
const pruneRounds = 6;

/**
 * Holds a tree against a schema. `value` is what is valid of it, so that further checks see the rest of a manifest
 * with a mistake; it is absent when nothing sensible is left.
 */
export function validate<T>(
  tree: Tree,
  schema: z.ZodType<T>,
): { readonly value?: T; readonly findings: readonly Finding[] } {
  const plain = treeValue(tree);
  const first = schema.safeParse(plain);
  if (first.success) return { value: first.data, findings: [] };
  const findings = first.error.issues.flatMap((issue) => findingsOfIssue(issue, schema, plain));
  const reread = rereadInterpolated(tree, findings);
  if (reread !== undefined) return validate(reread, schema);
  return { value: pruned(plain, schema, first.error.issues), findings };
}

/** `${PORT}` stays text where text is wanted, and is read as YAML reads a number or boolean where that failed. */
function rereadInterpolated(tree: Tree, findings: readonly Finding[]): Tree | undefined {
  const values = new Map<Tree, number | boolean>();
  for (const { path } of findings) {
    const scalar = treeAt(tree, path);
    if (scalar?.kind !== 'scalar' || scalar.interpolated !== true || typeof scalar.value !== 'string') continue;
    const value = readScalar(scalar.value);
    if (value !== undefined) values.set(scalar, value);
  }
  if (values.size === 0) return undefined;
  return mapScalars(tree, (scalar) => ({ ...scalar, value: values.get(scalar) ?? scalar.value }));
}

function readScalar(text: string): number | boolean | undefined {
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return /^[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function pruned<T>(plain: unknown, schema: z.ZodType<T>, issues: readonly z.core.$ZodIssue[]): T | undefined {
  let open = issues;
  for (let round = 0; round < pruneRounds; round++) {
    for (const issue of open) prune(plain, issue);
    const result = schema.safeParse(plain);
    if (result.success) return result.data;
    open = result.error.issues;
  }
  return undefined;
}

function prune(plain: unknown, issue: z.core.$ZodIssue): void {
  const path = manifestPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) remove(plain, [...path, key]);
  } else remove(plain, path);
}

/** Removes what a path names, or what holds it when that is no map entry that exists. */
function remove(plain: unknown, path: readonly PathSegment[]): void {
  const key = path.at(-1);
  if (key === undefined) return;
  const above = path.slice(0, -1);
  const holder = valueAt(plain, above);
  if (typeof holder !== 'object' || holder === null) return;
  if (typeof key === 'string' && key in holder) Reflect.deleteProperty(holder, key);
  else remove(plain, above);
}

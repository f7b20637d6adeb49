import type { LoadPlan } from '../manifest/load-plan.js';
import { mirrored } from '../manifest/mirror.js';
import { modelNameKey, modelRefKey } from '../manifest/model-ref.js';
import type { LoadRecord } from './load-record.js';
import type { StoredModel } from './load-step.js';

/** What is to become of the models that this project loaded into a store and that nothing needs any more. */
export interface PruneChoice {
  /** Canonical names, in their order. */
  readonly remove: readonly string[];
  /** Stay although they would go, because they are not what this project loaded. */
  readonly changed: readonly string[];
}

/** Models that pruning removes; none unless the manifest says `prune`. */
export function pruneList(plan: LoadPlan, tags: readonly StoredModel[], record: LoadRecord): readonly string[] {
  return pruneChoice(plan, tags, record).remove;
}

/**
 * Only what the record names is ever removed, and of that nothing that is declared, that something declared is made
 * from, or that a `keep` pattern names.
 */
export function pruneChoice(plan: LoadPlan, tags: readonly StoredModel[], record: LoadRecord): PruneChoice {
  if (plan.prune === undefined) return { remove: [], changed: [] };
  const stored = new Map(tags.map((model) => [modelNameKey(model.name), model]));
  const needed = neededKeys(plan);
  const isKept = keepMatcher(plan.prune.keep);
  const candidates = Object.entries(record).flatMap(([name, { digest }]) => {
    const present = stored.get(modelNameKey(name));
    if (present === undefined || needed.has(modelNameKey(name)) || isKept(name)) return [];
    return [{ name, isOurs: present.digest === digest }];
  });
  const names = (isOurs: boolean): string[] =>
    candidates.flatMap((one) => (one.isOurs === isOurs ? [one.name] : [])).toSorted();
  return { remove: names(true), changed: names(false) };
}

/** Declared names and those of every source, also as they are pulled from a mirror. */
function neededKeys({ models, mirror }: LoadPlan): ReadonlySet<string> {
  return new Set(
    models.flatMap(({ name, from }) => [
      modelNameKey(name),
      ...from.flatMap((source) =>
        source.kind === 'registry' ? [modelRefKey(source.ref), modelRefKey(mirrored(source.ref, mirror))] : [],
      ),
    ]),
  );
}

/** `*` matches any text of a canonical name; a pattern without one is a name (`gemma3` is `gemma3:latest`). */
function keepMatcher(patterns: readonly string[]): (name: string) => boolean {
  const names = new Set(patterns.filter((pattern) => !pattern.includes('*')).map(modelNameKey));
  const expressions = patterns
    .filter((pattern) => pattern.includes('*'))
    .map((pattern) => new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 'i'));
  return (name) => names.has(modelNameKey(name)) || expressions.some((one) => one.test(name));
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

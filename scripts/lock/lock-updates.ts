import type { Model } from '../../manifest/manifest.js';
import { modelNameKey } from '../../manifest/model-ref.js';
import { suggestion } from '../../manifest/suggestion.js';
import { UsageError } from '../shell/problem.js';

/**
 * Names of the models that `--update` and `--update-all` name; `--update` takes a list with commas, too.
 * @throws UsageError for a name that nothing declares
 */
export function updatedNames(
  models: readonly Model[],
  flags: { readonly update: readonly string[]; readonly 'update-all': boolean },
): ReadonlySet<string> {
  if (flags['update-all']) return new Set(models.map(({ name }) => name));
  const byKey = new Map(models.map(({ name }) => [modelNameKey(name), name]));
  const wanted = flags.update.flatMap((list) => list.split(',')).map((name) => name.trim());
  return new Set(
    wanted.map((text) => {
      const name = byKey.get(modelNameKey(text));
      if (name !== undefined) return name;
      const names = models.map((model) => model.name);
      const next = suggestion(text, names) ?? `declared are ${names.slice(0, 10).join(', ') || 'none'}`;
      throw new UsageError(`--update: no model ${JSON.stringify(text)} is declared`, next);
    }),
  );
}

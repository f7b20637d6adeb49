import { modelsByKey } from './declaration.js';
import type { Model, ParameterValue } from './manifest.js';
import { modelRefKey } from './model-ref.js';
import { sourceText } from './source-text.js';

/** What a model gets from what it is made of. */
export interface Lineage {
  /** Equal for models whose weights come from one source. */
  readonly source: string;
  /** Its own and those of the declared models it is made from; the nearest wins, as in Ollama. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Adapters of the same, in words. */
  readonly adapters: readonly string[];
}

/** Lineages of declared models, following the first source of each through the others. */
export class Lineages {
  readonly #declared: ReadonlyMap<string, Model>;
  readonly #known = new Map<Model, Lineage>();

  constructor(models: readonly Model[]) {
    this.#declared = modelsByKey(models);
  }

  of(model: Model): Lineage {
    // A loop, because a chain of thousands would be too deep for calls.
    const path = new Set<Model>();
    for (let at: Model | undefined = model; at && !this.#known.has(at) && !path.has(at); at = this.#base(at)) {
      path.add(at);
    }
    for (const one of [...path].toReversed()) this.#known.set(one, this.#extended(one));
    return this.#known.get(model) ?? this.#extended(model);
  }

  #extended(model: Model): Lineage {
    const base = this.#base(model);
    const below = base && this.#known.get(base);
    const { parameters, adapters } = model;
    const [source] = model.from;
    const own = adapters.map(sourceText);
    return {
      source:
        below?.source ?? (source?.kind === 'registry' ? modelRefKey(source.ref) : source ? sourceText(source) : ''),
      parameters: below === undefined ? parameters : { ...below.parameters, ...parameters },
      adapters: below === undefined ? own : [...below.adapters, ...own],
    };
  }

  #base(model: Model): Model | undefined {
    const [source] = model.from;
    const base = source?.kind === 'registry' ? this.#declared.get(modelRefKey(source.ref)) : undefined;
    return base === model ? undefined : base;
  }
}

import type { Model } from './manifest.js';
import { modelNameKey, modelRefKey } from './model-ref.js';

/** Models that are made from each other, which no order of loading can satisfy. */
export interface Circle {
  /** `a`, `b`, `a` */
  readonly circle: readonly string[];
}

/** Models by `modelNameKey`. */
export function modelsByKey<T extends Model>(models: readonly T[]): ReadonlyMap<string, T> {
  return new Map(models.map((model) => [modelNameKey(model.name), model]));
}

/** Declared models, other than itself, that a model names as a source. */
export function basesOf<T extends Model>(model: T, declared: ReadonlyMap<string, T>): T[] {
  const keys = model.from.flatMap((source) => (source.kind === 'registry' ? [modelRefKey(source.ref)] : []));
  return [...new Set(keys)].flatMap((key) => declared.get(key) ?? []).filter((base) => base !== model);
}

/** Whether anything but its source decides what the model is, so that it is created and not merely pulled. */
export function isDerived(model: Model): boolean {
  const { system, template, renderer, parser, requires, license, adapters, messages, parameters } = model;
  return (
    [system, template, renderer, parser, requires, license].some((one) => one !== undefined) ||
    adapters.length + messages.length + Object.keys(parameters).length > 0
  );
}

/**
 * Canonical JSON of everything that decides what a model is: its own words, and those of the declared models it is made
 * from. Equal texts make equal models; the order of keys does not matter.
 */
export function declarationOf(model: Model, declared: ReadonlyMap<string, Model>): string | Circle {
  const value = declarationValue(model, declared, []);
  return isCircle(value) ? value : canonicalJson(value);
}

function declarationValue(model: Model, declared: ReadonlyMap<string, Model>, path: readonly string[]): object {
  const names = [...path, model.name];
  if (path.includes(model.name)) return { circle: names };
  const bases = basesOf(model, declared).map((base) => declarationValue(base, declared, names));
  const circle = bases.find(isCircle);
  if (circle !== undefined) return circle;
  const { from, system, template, renderer, parser, requires, license, adapters, messages, parameters } = model;
  return { from, system, template, renderer, parser, requires, license, adapters, messages, parameters, bases };
}

function isCircle(value: object): value is Circle {
  return 'circle' in value;
}

/** JSON with sorted keys. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

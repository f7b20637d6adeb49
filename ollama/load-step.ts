import { basesOf, isDerived, modelsByKey } from '../manifest/declaration.js';
import type { LoadPlan } from '../manifest/load-plan.js';
import type { GgufSource, Model, ModelSource, RegistrySource } from '../manifest/manifest.js';
import { formatModelRef, modelNameKey, modelRefKey } from '../manifest/model-ref.js';
import { declarationHash } from './declaration-hash.js';
import type { CreateModel } from './server.js';

/** A model in a store, as `/api/tags` lists it. */
export interface StoredModel {
  readonly name: string;
  readonly digest: string;
  /** Bytes of all layers. */
  readonly size: number;
}

/** What the loader brought into a store, by model name. */
export type LoadRecord = Readonly<Record<string, RecordedModel>>;

export interface RecordedModel {
  /** Hash of everything that decides what the model is. */
  readonly declaration: string;
  /** Digest that `/api/tags` gave afterwards. */
  readonly digest: string;
}

/** What is to be done for one model; nothing but a value. */
export type LoadStep =
  | { readonly action: 'keep'; readonly model: string; readonly digest: string; readonly bytes: number }
  | {
      readonly action: 'load';
      readonly model: string;
      readonly declaration: string;
      /** Declared models that have to be in the store before. */
      readonly after: readonly string[];
      /** Tried in order until one succeeds. Never empty. */
      readonly attempts: readonly LoadAttempt[];
    };

/** One source of a model. `pull` names what Ollama pulls first; `create` what is made of it, or of the uploaded file. */
export type LoadAttempt =
  | {
      readonly kind: 'registry';
      readonly source: RegistrySource;
      readonly pull?: string;
      readonly create?: CreateModel;
    }
  | { readonly kind: 'gguf'; readonly source: GgufSource; readonly create: CreateModel };

/**
 * Decides what each model of a plan needs. A model that is only pulled is kept when the store has its name; any other
 * when it also has the digest that was recorded for the same declaration. Throws `LoadError` for models that are made
 * from each other.
 */
export function loadSteps(plan: LoadPlan, tags: readonly StoredModel[], record: LoadRecord): LoadStep[] {
  const stored = new Map(tags.map((model) => [modelNameKey(model.name), model]));
  const declared = modelsByKey(plan.models);
  return plan.models.map((model) => {
    const declaration = declarationHash(model, declared);
    const present = stored.get(modelNameKey(model.name));
    const recorded = record[model.name];
    const sameDeclaration = recorded?.declaration === declaration;
    const fits = isPlain(model)
      ? recorded === undefined || sameDeclaration
      : sameDeclaration && recorded.digest === present?.digest;
    if (present !== undefined && fits) {
      return { action: 'keep', model: model.name, digest: present.digest, bytes: present.size };
    }
    const after = basesOf(model, declared).map(({ name }) => name);
    const inStore = new Set([...stored.keys(), ...after.map(modelNameKey)]);
    return {
      action: 'load',
      model: model.name,
      declaration,
      after,
      attempts: model.from.map((from) => attempt(model, from, inStore)),
    };
  });
}

function attempt(model: Model, source: ModelSource, inStore: ReadonlySet<string>): LoadAttempt {
  if (source.kind === 'gguf') return { kind: 'gguf', source, create: createRequest(model) };
  const base = formatModelRef(source.ref);
  const key = modelRefKey(source.ref);
  const isItself = key === modelNameKey(model.name);
  // What bears the model's own name may be an earlier derivation, so it is pulled anew.
  const pull = isItself || !inStore.has(key) ? base : undefined;
  const create = isItself && !isDerived(model) ? undefined : { ...createRequest(model), from: base };
  return { kind: 'registry', source, ...(pull !== undefined && { pull }), ...(create !== undefined && { create }) };
}

function createRequest({ name, system, template, license, parameters }: Model): CreateModel {
  return {
    model: name,
    ...(system !== undefined && { system }),
    ...(template !== undefined && { template }),
    ...(license !== undefined && { license: [...license] }),
    ...(Object.keys(parameters).length > 0 && { parameters: { ...parameters } }),
  };
}

/** Pulled under its own name from its only source, and not changed. */
function isPlain(model: Model): boolean {
  const [source, ...others] = model.from;
  if (isDerived(model) || others.length > 0) return false;
  return source?.kind === 'registry' && modelRefKey(source.ref) === modelNameKey(model.name);
}

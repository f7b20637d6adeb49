import { isDerived } from '../manifest/declaration.js';
import type { LoadPlan, PlannedModel } from '../manifest/load-plan.js';
import type { GgufSource, ModelSource, RegistrySource } from '../manifest/manifest.js';
import { mirrored } from '../manifest/mirror.js';
import { formatModelRef, modelNameKey, modelRefKey } from '../manifest/model-ref.js';
import { needsCredentials, registryOf } from './load-lock.js';
import type { CreateModel } from './server.js';

/** One source of a model, and what is done with it. Adapters are uploaded and added to `create`. */
export type LoadAttempt =
  | RegistryAttempt
  /** A model of a registry that wants credentials: fetched by us, uploaded, and created from its layers. */
  | {
      readonly kind: 'transfer';
      readonly source: RegistrySource;
      /** The registry, or the mirror. */
      readonly host: string;
      readonly create: CreateModel;
    }
  | { readonly kind: 'gguf'; readonly source: GgufSource; readonly create: CreateModel };

/** In the order of its fields; each is left out when there is nothing to do. */
export interface RegistryAttempt {
  readonly kind: 'registry';
  readonly source: RegistrySource;
  readonly pull?: Pull;
  readonly copy?: Copy;
  readonly create?: CreateModel;
  /** A name that only the way here needed; removed when all is done. */
  readonly discard?: string;
}

export interface Pull {
  /** As Ollama is told to pull it: the host is the mirror's, where there is one. */
  readonly name: string;
  readonly host: string;
  /** Plain http. */
  readonly insecure?: true;
}

interface Copy {
  readonly from: string;
  readonly to: string;
}

/** What is in the store, or will be before the model is made. */
export interface AttemptContext {
  readonly plan: LoadPlan;
  /** Keys of models that need no pull. */
  readonly available: ReadonlySet<string>;
  /** Keys of models that were in the store before. */
  readonly stored: ReadonlySet<string>;
  /** Keys of names that something declared uses. */
  readonly used: ReadonlySet<string>;
}

/** How a model comes from one of its sources. */
export function loadAttempt(model: PlannedModel, source: ModelSource, context: AttemptContext): LoadAttempt {
  if (source.kind === 'gguf') return { kind: 'gguf', source, create: createRequest(model) };
  const key = modelRefKey(source.ref);
  const isItself = key === modelNameKey(model.name);
  // What bears the model's own name may be an earlier derivation, so it is pulled anew.
  const isThere = !isItself && context.available.has(key);
  const name = formatModelRef(source.ref);
  if (isThere) return { kind: 'registry', source, ...finish(model, name) };
  const pulled = mirrored(source.ref, context.plan.mirror);
  if (needsCredentials(source.ref, context.plan)) {
    return { kind: 'transfer', source, host: pulled.host, create: createRequest(model) };
  }
  const pull: Pull = {
    name: formatModelRef(pulled),
    host: pulled.host,
    ...(registryOf(source.ref, context.plan)?.insecure && { insecure: true }),
  };
  const staysAs = isDerived(model) && !isItself ? name : model.name;
  const isLong = modelRefKey(pulled) !== modelNameKey(staysAs);
  const isDiscarded = isLong && ![context.used, context.stored].some((keys) => keys.has(modelRefKey(pulled)));
  const discard = isDiscarded ? { discard: pull.name } : {};
  if (!isDerived(model)) {
    return { kind: 'registry', source, pull, ...(isLong && { copy: { from: pull.name, to: model.name } }), ...discard };
  }
  const base = isItself ? pull.name : name;
  const copy = isLong && !isItself ? { copy: { from: pull.name, to: name } } : {};
  return { kind: 'registry', source, pull, ...copy, create: { ...createRequest(model), from: base }, ...discard };
}

/** From a base in the store: derived models are created, others are the same under another name. */
function finish(model: PlannedModel, base: string): Pick<RegistryAttempt, 'copy' | 'create'> {
  return isDerived(model)
    ? { create: { ...createRequest(model), from: base } }
    : { copy: { from: base, to: model.name } };
}

function createRequest(model: PlannedModel): CreateModel {
  const { name, system, template, renderer, parser, requires, license, parameters, messages } = model;
  return {
    model: name,
    ...(system !== undefined && { system }),
    ...(template !== undefined && { template }),
    ...(renderer !== undefined && { renderer }),
    ...(parser !== undefined && { parser }),
    ...(requires !== undefined && { requires }),
    ...(license !== undefined && { license: [...license] }),
    ...(messages.length > 0 && { messages: messages.map((message) => ({ ...message })) }),
    ...(Object.keys(parameters).length > 0 && { parameters: { ...parameters } }),
  };
}

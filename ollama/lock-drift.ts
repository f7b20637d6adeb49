import pLimit from 'p-limit';
import { basesOf, modelsByKey } from '../manifest/declaration.js';
import type { PlannedModel } from '../manifest/load-plan.js';
import { modelRefKey, type ModelRef } from '../manifest/model-ref.js';
import { sourceText } from '../manifest/source-text.js';
import { LoadError } from './load-error.js';
import type { RegistryManifest, RegistryReader } from './registry-client.js';

/** A locked model whose tag means something else by now, or whose registry gave no answer (`error`). */
export type MovedModel = LockedTag &
  ({ readonly now: TagContent; readonly error?: undefined } | { readonly error: LoadError; readonly now?: undefined });

export interface LockedTag {
  readonly name: string;
  /** As in the lock: `registry.ollama.ai/library/qwen3:8b`. */
  readonly source: string;
  readonly locked: TagContent;
}

interface TagContent {
  /** `sha256:` of the manifest. */
  readonly digest: string;
  /** Bytes of all layers. */
  readonly bytes: number;
}

/** Registries are asked this many questions at a time. */
const atOnce = 8;

/** The models that `movedModels` asks for: locked to a registry themselves, not through a declared model they are made from. */
export function askedModels(models: readonly PlannedModel[]): readonly (LockedTag & { readonly ref: ModelRef })[] {
  const declared = modelsByKey(models);
  return models.flatMap((model) => {
    const { name, locked } = model;
    if (locked?.digest === undefined) return [];
    const source = model.from.find((one) => sourceText(one) === locked.source);
    if (source?.kind !== 'registry') return [];
    const bases = modelsByKey(basesOf(model, declared));
    if (bases.has(modelRefKey(source.ref))) return [];
    const adapters = model.adapters.length;
    const layers = adapters === 0 ? locked.layers : locked.layers.slice(0, -adapters);
    const bytes = layers.reduce((sum, layer) => sum + layer.bytes, 0);
    return [{ name, source: locked.source, locked: { digest: locked.digest, bytes }, ref: source.ref }];
  });
}

/** Asks the registry of every locked model for what its tag means now; one request a tag, in the order of `models`. */
export async function movedModels(
  models: readonly PlannedModel[],
  reader: Pick<RegistryReader, 'manifest'>,
): Promise<readonly MovedModel[]> {
  const limit = pLimit(atOnce);
  const answers = new Map<string, Promise<TagContent | LoadError>>();
  const answerFor = (ref: ModelRef): Promise<TagContent | LoadError> => {
    const key = modelRefKey(ref);
    const answer = answers.get(key) ?? limit(() => reader.manifest(ref).then(contentOf, asAnswer));
    answers.set(key, answer);
    return answer;
  };
  const compared = await Promise.all(
    askedModels(models).map(async ({ ref, ...tag }): Promise<readonly MovedModel[]> => {
      const answer = await answerFor(ref);
      if (answer instanceof LoadError) return [{ ...tag, error: answer }];
      return answer.digest === tag.locked.digest ? [] : [{ ...tag, now: answer }];
    }),
  );
  return compared.flat();
}

function contentOf({ digest, layers }: RegistryManifest): TagContent {
  return { digest, bytes: layers.reduce((sum, { size }) => sum + size, 0) };
}

function asAnswer(error: unknown): LoadError {
  if (error instanceof LoadError) return error;
  throw error;
}

import { basesOf, isDerived, modelsByKey } from '../manifest/declaration.js';
import type { LoadPlan, PlannedModel } from '../manifest/load-plan.js';
import type { GgufSource, ModelSource } from '../manifest/manifest.js';
import { modelNameKey, parseModelRef } from '../manifest/model-ref.js';
import { sourceText } from '../manifest/source-text.js';
import type { StoredManifest } from './store-inventory.js';
import type { BlobFinding } from './verification.js';

/** Where the good bytes of a blob may come from, and what is left when they come from nowhere. */
export interface RepairWays {
  /** Tried in order; the locked one of a model first. */
  readonly sources: readonly ModelSource[];
  /** Every model that has the blob is declared and made on the server, so `up` can make them all anew. */
  readonly canBeMade: boolean;
}

/** Ways to mend one blob. A model that nothing declares comes from where its name says. */
export function repairWays(
  { digest, models: names }: BlobFinding,
  plan: LoadPlan,
  stored: readonly StoredManifest[],
): RepairWays {
  const declared = modelsByKey(plan.models);
  const users = names.map((name) => ({ name, model: declared.get(modelNameKey(name)) }));
  const sources = users.flatMap(({ name, model }) =>
    model === undefined ? sourceOfName(name) : sourcesOf(model, declared, []),
  );
  const isWeights = stored.some(({ layers }) =>
    layers.some((one) => one.digest === digest && weights.test(one.mediaType)),
  );
  const fitting = sources.filter(({ source, sha256 }) => {
    return source.kind === 'registry' || (isWeights && (sha256 === undefined || `sha256:${sha256}` === digest));
  });
  const unique = new Map(fitting.map(({ source }) => [sourceText(source), source]));
  return {
    sources: [...unique.values()],
    canBeMade: users.every(({ model }) => model !== undefined && isMade(model)),
  };
}

/** Layers that are GGUF files; all others are texts that Ollama writes itself. */
const weights = /\.(model|projector|adapter)$/;

interface Candidate {
  readonly source: ModelSource;
  /** Of a GGUF, where the manifest or the lock tells. */
  readonly sha256?: string | undefined;
}

function sourcesOf(
  model: PlannedModel,
  declared: ReadonlyMap<string, PlannedModel>,
  path: readonly PlannedModel[],
): Candidate[] {
  if (path.includes(model)) return [];
  const { locked } = model;
  const isLocked = (source: ModelSource): boolean => sourceText(source) === locked?.source;
  const own = model.from
    .toSorted((a, b) => Number(isLocked(b)) - Number(isLocked(a)))
    .map((source): Candidate => (source.kind === 'registry' ? { source } : { source, sha256: hexOf(source, model) }));
  const adapters = model.adapters.map((source): Candidate => ({ source, sha256: source.sha256 }));
  const bases = basesOf(model, declared).flatMap((base) => sourcesOf(base, declared, [...path, model]));
  return [...own, ...adapters, ...bases];
}

function hexOf(source: GgufSource, { locked }: PlannedModel): string | undefined {
  if (source.sha256 !== undefined || sourceText(source) !== locked?.source) return source.sha256;
  return locked.layers.find(({ kind }) => kind === 'model')?.digest.replace('sha256:', '');
}

function sourceOfName(name: string): Candidate[] {
  const { ref } = parseModelRef(name);
  return ref === undefined ? [] : [{ source: { kind: 'registry', ref } }];
}

/** Whether Ollama creates it, and does not merely pull it under one name or another. */
function isMade(model: PlannedModel): boolean {
  return isDerived(model) || model.from.some(({ kind }) => kind === 'gguf');
}

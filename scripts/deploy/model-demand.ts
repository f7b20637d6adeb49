import type { LoadPlan } from '../../manifest/load-plan.js';
import { modelNameKey } from '../../manifest/model-ref.js';
import type { StoreRecord } from '../../ollama/load-record.js';
import { loadSteps, type LoadStep, type StoredModel } from '../../ollama/load-step.js';
import type { DigestWord, ModelDemand } from '../report/server-status.js';
import { isHeld } from './held-model.js';

/** What every model of a store has to be, and whether it is; the loader decides that in the same way. */
export function modelDemands(plan: LoadPlan, stored: readonly StoredModel[], record: StoreRecord): ModelDemand[] {
  const steps = new Map(loadSteps(plan, stored, record.models).map((step) => [step.model, step]));
  const digests = new Map(stored.map(({ name, digest }) => [modelNameKey(name), digest]));
  return plan.models.map((model): ModelDemand => {
    const digest = digests.get(modelNameKey(model.name)) ?? '';
    const pins = { locked: model.locked?.digest, recorded: record.models[model.name]?.digest };
    return { name: model.name, held: isHeld(model), digest: digestWord(steps.get(model.name), digest, pins) };
  });
}

function digestWord(
  step: LoadStep | undefined,
  digest: string,
  { locked, recorded }: { readonly locked?: string | undefined; readonly recorded?: string | undefined },
): DigestWord {
  if (step?.action === 'load') return 'differs';
  if (locked === `sha256:${digest}`) return 'as locked';
  return recorded === digest ? 'as recorded' : 'unpinned';
}

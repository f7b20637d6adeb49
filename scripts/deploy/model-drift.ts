import type { LoadPlan } from '../../manifest/load-plan.js';
import { modelNameKey } from '../../manifest/model-ref.js';
import type { StoreRecord } from '../../ollama/load-record.js';
import { loadSteps, type LoadStep, type StoredModel } from '../../ollama/load-step.js';
import { pruneList } from '../../ollama/prune.js';
import { isHeld } from './held-model.js';
import { type Presence, storedModels } from './presence.js';

/** What the loader would do to the models of one store. */
export interface StoreChange {
  readonly plan: LoadPlan;
  readonly steps: readonly LoadStep[];
  /** Names of models that a prune removes. */
  readonly prune: readonly string[];
}

/** The loader's own decision, made beforehand. Throws `LoadError` for models that are made from each other. */
export function storeChange(plan: LoadPlan, stored: readonly StoredModel[], record: StoreRecord): StoreChange {
  return { plan, steps: loadSteps(plan, stored, record.models), prune: pruneList(plan, stored, record.models) };
}

/**
 * The stores whose models are not what they should be, although nothing may have been declared anew: a model is missing,
 * has another digest than it was locked or made with, is to be pruned, or is not in the memory that shall hold it.
 * Stores without a server that answers are left out.
 */
export function driftedStores(
  plans: readonly LoadPlan[],
  answers: ReadonlyMap<string, Presence>,
  records: ReadonlyMap<string, StoreRecord>,
): ReadonlySet<string> {
  const drifted = plans.filter((plan) => {
    const stored = storedModels(plan.servers, answers);
    if (stored === undefined) return false;
    const { steps, prune } = storeChange(plan, stored, records.get(plan.store) ?? { models: {}, rates: {} });
    return (
      prune.length > 0 || steps.some(({ action }) => action === 'load') || forgottenModels(plan, answers).length > 0
    );
  });
  return new Set(drifted.map(({ store }) => store));
}

/** Models that servers which answer lack in memory, although they shall hold them there for ever. */
export function forgottenModels(
  { servers, models }: LoadPlan,
  answers: ReadonlyMap<string, Presence>,
): { readonly model: string; readonly server: string }[] {
  const held = models.filter(isHeld).map(({ name }) => name);
  return servers.flatMap((server) => {
    const answer = answers.get(server.name);
    if (answer?.state !== 'answers') return [];
    const lacking = held.filter((name) => server.models.includes(name) && !answer.loaded?.has(modelNameKey(name)));
    return lacking.map((model) => ({ model, server: server.name }));
  });
}

import { planTotals, type PlanTotals } from '../../manifest/model-plan-totals.js';
import { storePlan, type StorePlan } from '../../manifest/model-plan.js';
import { modelNeeds, type SizeSources } from './model-needs.js';
import type { StoreLook } from './store-look.js';

/** What an `up` would do to the models of every store, and what that costs. */
export interface ModelOutlook {
  readonly stores: readonly StorePlan[];
  readonly totals: PlanTotals;
  /** Stores that nobody could look into, with the reason. */
  readonly unreadable: Readonly<Record<string, string>>;
}

/** Plans the models of stores that were looked into. */
export async function modelOutlook(looks: readonly StoreLook[], sources: SizeSources): Promise<ModelOutlook> {
  // All registries are reached over the same line, whichever store they were measured for.
  const rates: Record<string, number> = {};
  for (const { record } of looks) Object.assign(rates, record.rates);
  const stores = await Promise.all(
    looks.map(async (look) => {
      const { plan, disk, prune, content } = look;
      const needs = await modelNeeds(look, look, sources);
      return storePlan({ store: plan.store, disk, needs, prune, rates, ...(content && { content }) });
    }),
  );
  const unreadable = looks.flatMap(({ plan, unreadable: reason }) =>
    reason === undefined ? [] : [[plan.store, reason] as const],
  );
  return { stores, totals: planTotals(stores), unreadable: Object.fromEntries(unreadable) };
}

import type { LoadPlan } from '../../manifest/load-plan.js';
import { Engine } from './engine.js';
import { storeChange, type StoreChange } from './model-drift.js';
import { storeFacts, type StoreAccess, type StoreFacts } from './store-facts.js';

/** A store as it is, and what the loader would do to it. */
export interface StoreLook extends StoreFacts, StoreChange {
  /** Stores of one disk have the same word here. */
  readonly disk: string;
}

/** Looks into stores through the engine; changes nothing. */
export async function lookIntoStores(plans: readonly LoadPlan[], access: StoreAccess): Promise<StoreLook[]> {
  const [facts, disks] = await Promise.all([
    Promise.all(plans.map((plan) => storeFacts(plan, access))),
    disksOf(plans, access.resolved.engine.host),
  ]);
  return facts.map((fact) => ({
    ...fact,
    ...storeChange(fact.plan, fact.stored, fact.record),
    disk: disks.get(fact.plan.store) ?? fact.plan.store,
  }));
}

/** Plain volumes, and those that are still to be made, lie on the engine's own disk. */
async function disksOf(plans: readonly LoadPlan[], host: string): Promise<ReadonlyMap<string, string>> {
  const stores = plans.map(({ store }) => store);
  const volumes = await new Engine(host).volumes(stores);
  const isElsewhere = ({ Driver = 'local', Options }: (typeof volumes)[number]): boolean =>
    Driver !== 'local' || Object.keys(Options ?? {}).length > 0;
  const elsewhere = new Set(volumes.filter(isElsewhere).map(({ Name }) => Name));
  return new Map(stores.map((store) => [store, elsewhere.has(store) ? store : 'engine']));
}

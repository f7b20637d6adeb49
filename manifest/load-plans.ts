import { serverUrl } from './server-url.js';
import { basesOf, modelsByKey } from './declaration.js';
import type { LoadPlan, LockedContent, PlannedModel } from './load-plan.js';
import type { Lock } from './lock.js';
import type { Manifest, Model } from './manifest.js';

/** One plan a store, in the order in which servers name the stores; `root` as in `LoadPlan`. */
export function loadPlans(manifest: Manifest, root: string, lock?: Lock): LoadPlan[] {
  const stores = [...new Set(manifest.servers.map(({ store }) => store))];
  return stores.map((store) => {
    const servers = manifest.servers.filter((server) => server.store === store);
    const offered = new Set(servers.flatMap(({ models }) => models));
    return {
      project: manifest.project,
      store,
      root,
      servers: servers.map(({ name, container, port, models }) => ({
        name,
        container,
        url: serverUrl({ port, container }),
        models,
      })),
      models: withBases(manifest.models, offered).map((model) => planned(model, lock)),
      registries: manifest.registries,
      ...(manifest.mirror !== undefined && { mirror: manifest.mirror }),
      ...(manifest.prune !== undefined && { prune: manifest.prune }),
    };
  });
}

/** A base that no server of the store offers is declared all the same, and what is made from it is made from that. */
function withBases(models: readonly Model[], offered: ReadonlySet<string>): readonly Model[] {
  const declared = modelsByKey(models);
  const wanted = new Set(models.filter(({ name }) => offered.has(name)));
  // A set goes on with what is added to it on the way.
  for (const model of wanted) for (const base of basesOf(model, declared)) wanted.add(base);
  return models.filter((model) => wanted.has(model));
}

/** Facts that only inform stay out, because the loader runs again when its plan changes. */
function planned(model: Model, lock: Lock | undefined): PlannedModel {
  const entry = lock?.models[model.name];
  if (entry === undefined) return model;
  const { declaration, source, digest, layers } = entry;
  const locked: LockedContent = { declaration, source, ...(digest !== undefined && { digest }), layers };
  return { ...model, locked };
}

import type { LoadPlan } from './load-plan.js';
import type { Manifest } from './manifest.js';

/** One plan a store, in the order in which servers name the stores; `root` as in `LoadPlan`. */
export function loadPlans(manifest: Manifest, root: string): LoadPlan[] {
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
        url: `http://127.0.0.1:${port}`,
        models,
      })),
      models: manifest.models.filter(({ name }) => offered.has(name)),
    };
  });
}

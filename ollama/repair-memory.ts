import type { LoadPlan } from '../manifest/load-plan.js';
import { modelNameKey } from '../manifest/model-ref.js';
import { preload } from './preload.js';
import { OllamaServer } from './server.js';

/** A model that a server held in memory. */
export interface Unloaded {
  readonly model: string;
  readonly server: string;
}

/** A server on this machine answers in milliseconds, and one that does not holds nothing. */
const patienceMs = 10_000;

/**
 * Makes the servers of a store take some models out of memory, because they hold what was read before the repair; the
 * next request loads them again. Never rejects: a server that does not answer has nothing to forget.
 */
export async function unload(plan: LoadPlan, models: readonly string[], signal: AbortSignal): Promise<Unloaded[]> {
  const wanted = new Set(models.map(modelNameKey));
  const found = plan.servers.map(async ({ name, url }): Promise<Unloaded[]> => {
    const server = new OllamaServer(url, AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]));
    const held = (await server.ps()).filter((one) => wanted.has(modelNameKey(one.name)));
    for (const one of held) await preload(server, one.name, { keepAlive: '0' });
    return held.map((one) => ({ model: one.name, server: name }));
  });
  return (await Promise.allSettled(found)).flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}

import type { LoadPlan, LoadPlanServer } from '../manifest/load-plan.js';
import { LoadError } from './load-error.js';
import type { LoadEvent } from './load-event.js';
import { checkVersion } from './minimum-version.js';
import { waitUntilReady } from './readiness.js';

export interface LoadOptions {
  /** Directory of the plan's file; base of `plan.root`. */
  readonly directory: string;
  /** Where it is remembered what was loaded; created with its directory. */
  readonly recordFile: string;
  readonly emit: (event: LoadEvent) => void;
  /** Aborting it ends the load at once; what the servers have fetched so far is kept. */
  readonly signal: AbortSignal;
}

/** Something failed; every failure was emitted as an event before. */
export class LoadFailed extends Error {
  override readonly name = 'LoadFailed';
}

/** Reports a failure, of a model or of the whole, and lets the rest go on. */
export type Fail = (message: string, model?: string) => void;

/**
 * Brings a store to what the plan says: waits for its servers, loads what is missing or changed, holds what is to be
 * held in memory. One failing model does not keep the others from being loaded. Throws `LoadFailed` at the end.
 */
export async function load(plan: LoadPlan, options: LoadOptions): Promise<void> {
  const failures: string[] = [];
  const fail: Fail = (message, model) => {
    failures.push(message);
    options.emit({ type: 'failed', ...(model !== undefined && { model }), message });
  };
  try {
    await Promise.all(plan.servers.map((server) => ready(server, options)));
    // Imported only now, so that the first question to a server does not wait for the client.
    const { StoreLoad } = await import('./store-load.js');
    await new StoreLoad(plan, options, fail).run();
  } catch (error) {
    if (options.signal.aborted) fail('interrupted; what was fetched is kept, and the next `up` goes on from there');
    else if (error instanceof LoadError) fail(error.text);
    else throw error;
  }
  if (failures.length > 0) throw new LoadFailed(failures.join('\n'));
}

async function ready(server: LoadPlanServer, { emit, signal }: LoadOptions): Promise<void> {
  const start = performance.now();
  const version = await waitUntilReady(server, signal);
  emit({ type: 'server', server: server.name, version, ms: Math.round(performance.now() - start) });
  checkVersion(server.name, version);
}

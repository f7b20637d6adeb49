import type { LoadPlan, LoadPlanServer } from '../manifest/load-plan.js';
import { LoadError } from './load-error.js';
import type { LoadEvent } from './load-event.js';
import { checkVersion } from './minimum-version.js';
import { waitUntilReady } from './readiness.js';

export interface LoadOptions {
  /** Directory of the plan's file; base of `plan.root`. */
  readonly directory: string;
  /** Copy of the store's record in the project; created with its directory. */
  readonly recordFile: string;
  readonly emit: (event: LoadEvent) => void;
  /** Aborting it ends the load at once; what the servers have fetched so far is kept. */
  readonly signal: AbortSignal;
  /** Refuses models that the lock does not pin. */
  readonly frozen?: boolean;
  /** Lets pruning empty a store in which nothing is declared. */
  readonly confirmed?: boolean;
  /** Milliseconds without a byte after which a pull is begun anew (default: 60,000). */
  readonly stallMs?: number;
  /** Holds the credentials that the manifest names (default: this process's). */
  readonly env?: NodeJS.ProcessEnv;
}

/** Something failed; every failure was emitted as an event before. */
export class LoadFailed extends Error {
  override readonly name = 'LoadFailed';
}

/** Reports a failure, of a model or of the whole, and lets the rest go on. */
export interface Failures {
  readonly count: number;
  add(message: string, model?: string): void;
}

/**
 * Brings a store to what the plan says: waits for its servers, loads what is missing or changed, holds what is to be
 * held in memory, removes what is to be pruned. One failing model does not keep the others from being loaded. Throws
 * `LoadFailed` at the end.
 */
export async function load(plan: LoadPlan, options: LoadOptions): Promise<void> {
  const messages: string[] = [];
  const failures: Failures = {
    get count() {
      return messages.length;
    },
    add(message, model) {
      messages.push(message);
      options.emit({ type: 'failed', ...(model !== undefined && { model }), message });
    },
  };
  try {
    await Promise.all(plan.servers.map((server) => ready(server, options)));
    // Imported only now, so that the first question to a server does not wait for the client.
    const { StoreLoad } = await import('./store-load.js');
    await new StoreLoad(plan, options, failures).run();
  } catch (error) {
    if (options.signal.aborted)
      failures.add('interrupted; what was fetched is kept, and the next `up` goes on from there');
    else if (error instanceof LoadError) failures.add(error.text);
    else throw error;
  }
  if (messages.length > 0) throw new LoadFailed(messages.join('\n'));
}

async function ready(server: LoadPlanServer, { emit, signal }: LoadOptions): Promise<void> {
  const start = performance.now();
  const version = await waitUntilReady(server, signal);
  emit({ type: 'server', server: server.name, version, ms: Math.round(performance.now() - start) });
  checkVersion(server.name, version);
}

import type { LoadPlanServer } from '../manifest/load-plan.js';
import type { LoadError } from './load-error.js';
import { asLoadError, isPassing } from './load-failure.js';
import type { Failures } from './loader.js';
import { failIfDead } from './readiness.js';

/** Tells why a model failed. A connection that breaks is often a container that died, which knows the cause better. */
export class ServerTrouble {
  constructor(
    private readonly failures: Failures,
    private readonly signal: AbortSignal,
  ) {}

  async report(error: unknown, model: string, server: LoadPlanServer, prefix = ''): Promise<void> {
    this.signal.throwIfAborted();
    const failure = asLoadError(error);
    const death = isPassing(failure.cause ?? error) ? await deathOf(server) : undefined;
    this.failures.add(`${prefix}${(death ?? failure).text}`, model);
  }
}

async function deathOf(server: LoadPlanServer): Promise<LoadError | undefined> {
  try {
    await failIfDead(server, 0);
    return undefined;
  } catch (error) {
    return asLoadError(error);
  }
}

import type { GgufContext } from './gguf-file.js';
import type { LoadEvent } from './load-event.js';
import type { LoadStaging } from './load-staging.js';
import type { PullRates } from './pull-rate.js';
import type { RegistryReader } from './registry-client.js';
import type { OllamaServer } from './server.js';

/** What the models of one store share while they are loaded. */
export interface ModelLoadContext extends Omit<GgufContext, 'onBytes'> {
  readonly server: OllamaServer;
  /** The container of `server`. */
  readonly container: string;
  readonly staging: LoadStaging;
  readonly emit: (event: LoadEvent) => void;
  /** Opened at the first question, so that a run that loads nothing asks no registry. */
  readonly reader: () => Promise<RegistryReader>;
  readonly rates: PullRates;
  readonly stallMs: number;
  /** Work in progress by name or digest: two models made from one base or file fetch it once. */
  readonly shared: Map<string, Promise<unknown>>;
}

/** Does `work` once for `key`, however many models want it. */
export async function once<T>({ shared }: ModelLoadContext, key: string, work: () => Promise<T>): Promise<T> {
  const running = shared.get(key) ?? work();
  shared.set(key, running);
  return running as Promise<T>;
}

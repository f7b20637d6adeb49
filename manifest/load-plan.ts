import type { Model } from './manifest.js';

/**
 * What the loader has to bring about in one store. `stacks` writes it beside the Terraform JSON as
 * `load-<store>.json`; a `terraform_data` resource runs the loader on it.
 */
export interface LoadPlan {
  readonly project: string;
  readonly store: string;
  /** Directory of the manifest, relative to the directory of this file; base of relative GGUF paths. */
  readonly root: string;
  /** Servers that use the store; the first one loads, each preloads the models it offers. Never empty. */
  readonly servers: readonly LoadPlanServer[];
  /** Models that some server of the store offers, in manifest order. */
  readonly models: readonly Model[];
}

export interface LoadPlanServer {
  readonly name: string;
  /** Name of its container, for `docker inspect` and `docker logs`. */
  readonly container: string;
  /** Base URL on this machine, such as `http://127.0.0.1:11434`. */
  readonly url: string;
  /** Names of the models it offers. */
  readonly models: readonly string[];
}

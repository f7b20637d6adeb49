import type { LockedModel } from './lock.js';
import type { Model, Prune, Registry } from './manifest.js';

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
  /** Models that some server of the store offers, and the declared ones these are made from, in manifest order. */
  readonly models: readonly PlannedModel[];
  readonly registries: readonly Registry[];
  /** See `Manifest.mirror`. */
  readonly mirror?: string;
  /** See `Manifest.prune`. */
  readonly prune?: Prune;
}

/** A model with what the lock says of it; absent when the lock does not name it. */
export type PlannedModel = Model & {
  readonly locked?: LockedContent;
  /**
   * `sha256:` of what lies now in the local files it is made of: its source, then its adapters; undefined for what is no
   * such file. Found when it is wanted (`withLocalFiles`) and never written: Terraform would see every checkout differ.
   */
  readonly files?: readonly (string | undefined)[];
};

/** The part of a lock entry that decides what is loaded; a change of it makes the loader run again. */
export type LockedContent = Pick<LockedModel, 'declaration' | 'source' | 'digest' | 'layers'>;

export interface LoadPlanServer {
  readonly name: string;
  /** Name of its container, for `docker inspect` and `docker logs`. */
  readonly container: string;
  /** Base URL on this machine, such as `http://127.0.0.1:11434`. */
  readonly url: string;
  /** Names of the models it offers. */
  readonly models: readonly string[];
}

import type { Readable } from 'node:stream';
import type { Registry } from '../manifest/manifest.js';
import type { ModelRef } from '../manifest/model-ref.js';

/** What a client needs to know of the manifest, and the environment that holds the credentials. */
export interface RegistryAccess {
  readonly registries: readonly Registry[];
  readonly mirror?: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A model's manifest as a registry serves it (Docker image manifest, version 2, schema 2). */
export interface RegistryManifest {
  /** `sha256:` of the bytes served, which is what `/api/tags` shows after a pull. */
  readonly digest: string;
  readonly config: RegistryLayer;
  readonly layers: readonly RegistryLayer[];
}

export interface RegistryLayer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Reads model registries, with their certificates, credentials and the proxy of the environment. A `ref` is always the
 * declared one; the mirror is applied here. Everything rejects with `LoadError`, whose hint is the next step.
 */
export interface RegistryReader {
  manifest(ref: ModelRef): Promise<RegistryManifest>;
  /** A small layer as text. */
  text(ref: ModelRef, digest: string): Promise<string>;
  /** Bytes `start` (inclusive) to `end` (exclusive) of a layer; fewer when it is shorter. */
  range(ref: ModelRef, digest: string, start: number, end: number): Promise<Buffer>;
  /** A layer as a stream, from byte `start` on; its content is not checked against the digest. */
  stream(ref: ModelRef, digest: string, start?: number): Promise<Readable>;
  close(): Promise<void>;
}

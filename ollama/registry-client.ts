import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import retry from 'p-retry';
import type { Registry } from '../manifest/manifest.js';
import { mirrored } from '../manifest/mirror.js';
import type { ModelRef } from '../manifest/model-ref.js';
import { partOf, readAtMost } from './registry-body.js';
import type { RegistryLimits } from './registry-connection.js';
import { invalid, isPassing, unreachable } from './registry-error.js';
import { RegistryHost, type RegistryAnswer, type RegistryRequest } from './registry-host.js';
import { manifestTypes, readManifest, sha256, type RegistryManifest } from './registry-manifest.js';

export type { RegistryLayer, RegistryManifest } from './registry-manifest.js';

/** What a client needs to know of the manifest, and the environment that holds the credentials. */
export interface RegistryAccess {
  readonly registries: readonly Registry[];
  readonly mirror?: string;
  readonly env: NodeJS.ProcessEnv;
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

/** Manifests, licenses and templates are some KB; more is no such thing. */
const mostBytes = 8 * 2 ** 20;
const retries = 2;

/** Speaks the OCI distribution API (opencontainers/distribution-spec, spec.md) as far as Ollama does. Rejects with `RegistryError`. */
export class RegistryClient implements RegistryReader {
  readonly #hosts = new Map<string, RegistryHost>();

  constructor(
    private readonly access: RegistryAccess,
    private readonly signal?: AbortSignal,
    private readonly limits: RegistryLimits = { connect: 2000, answer: 10_000 },
  ) {
    // Every request listens to it, and many run at once; Node takes eleven for a leak and says so on stderr.
    if (signal !== undefined) setMaxListeners(0, signal);
  }

  async manifest(declared: ModelRef): Promise<RegistryManifest> {
    const ref = mirrored(declared, this.access.mirror);
    // GET, because HEAD is refused by registry.ollama.ai.
    const asked = { what: 'manifest', path: `manifests/${ref.tag}`, headers: { accept: manifestTypes } };
    return this.#ask(ref, asked, async ({ headers, body }) => {
      const bytes = (await readAtMost(body, mostBytes)) ?? invalidSize(ref, 'manifest');
      return readManifest(bytes, headers['docker-content-digest'], ref);
    });
  }

  async text(declared: ModelRef, digest: string): Promise<string> {
    const ref = mirrored(declared, this.access.mirror);
    return this.#ask(ref, blob(digest), async ({ body }) => {
      const bytes = (await readAtMost(body, mostBytes)) ?? invalidSize(ref, `layer ${digest}`);
      if (sha256(bytes) !== digest) throw invalid(ref, `${sha256(bytes)} where ${digest} was asked`);
      return bytes.toString('utf8');
    });
  }

  async range(declared: ModelRef, digest: string, start: number, end: number): Promise<Buffer> {
    const ref = mirrored(declared, this.access.mirror);
    const asked = { ...blob(digest), headers: { range: `bytes=${start}-${end - 1}` } };
    return this.#ask(ref, asked, async (answer) => {
      if (answer.status === 416) return Buffer.alloc(0);
      const from = skipped(answer, start, ref);
      const chunks: Buffer[] = [];
      for await (const chunk of partOf(answer.body, from, from + end - start)) chunks.push(chunk);
      return Buffer.concat(chunks);
    });
  }

  async stream(declared: ModelRef, digest: string, start = 0): Promise<Readable> {
    const ref = mirrored(declared, this.access.mirror);
    const asked = { ...blob(digest), ...(start > 0 && { headers: { range: `bytes=${start}-` } }) };
    return this.#ask(ref, asked, async (answer) => {
      const { Readable: stream } = await import('node:stream');
      if (answer.status === 416) return stream.from([]);
      const from = skipped(answer, start, ref);
      return from === 0 ? answer.body : stream.from(partOf(answer.body, from, Infinity), { objectMode: false });
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map(async (host) => host.close()));
  }

  async #ask<T>(ref: ModelRef, asked: RegistryRequest, read: (answer: RegistryAnswer) => Promise<T>): Promise<T> {
    const host = this.#host(ref.host.toLowerCase());
    const options = { retries, minTimeout: 200, shouldRetry: ({ error }: { error: Error }) => isPassing(error) };
    try {
      return await retry(async () => read(await host.ask(ref, asked)), {
        ...options,
        ...(this.signal && { signal: this.signal }),
      });
    } catch (error) {
      this.signal?.throwIfAborted();
      throw unreachable(error, ref, this.limits);
    }
  }

  #host(name: string): RegistryHost {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const registry = this.access.registries.find(({ host }) => host === name);
    const made = new RegistryHost(name, registry, this.access.env, this.limits, this.signal);
    this.#hosts.set(name, made);
    return made;
  }
}

function blob(digest: string): RegistryRequest {
  return { what: `layer ${digest}`, path: `blobs/${digest}`, headers: {} };
}

/** Bytes of the body that come before byte `start` of the layer: some registries send all of it (RFC 9110, 14.2). */
function skipped({ status, headers }: RegistryAnswer, start: number, ref: ModelRef): number {
  if (status === 200) return start;
  const range = headers['content-range'];
  if (range !== undefined && !range.startsWith(`bytes ${start}-`)) throw invalid(ref, `the range ${range}`);
  return 0;
}

function invalidSize(ref: ModelRef, what: string): never {
  throw invalid(ref, `a ${what} of more than ${mostBytes / 2 ** 20} MiB`);
}

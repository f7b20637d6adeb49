import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { vi } from 'vitest';
import { modelsByKey } from '../../manifest/declaration.js';
import type { LoadPlan, PlannedModel } from '../../manifest/load-plan.js';
import type { LockedLayer } from '../../manifest/lock.js';
import type { Model } from '../../manifest/manifest.js';
import { sourceText } from '../../manifest/source-text.js';
import { declarationHash } from '../../ollama/declaration-hash.js';
import type { LoadEvent } from '../../ollama/load-event.js';
import { parseRecord, recordFileName, type StoreRecord } from '../../ollama/load-record.js';
import { load, type LoadOptions } from '../../ollama/loader.js';
import { OllamaServer } from '../../ollama/server.js';
import { readStoreFile } from '../../ollama/store-container.js';
import { planOf } from '../support/load-plan.js';
import { startModelRegistry, type ModelRegistry } from '../support/model-registry.js';
import { startOllama, type TestServer } from '../support/ollama-server.js';
import { pushSynthetic, type PushedModel, type SyntheticModel } from '../support/synthetic-model.js';

/** A server and a registry that it pulls from, and the loader between them. */
export class LoaderFixture {
  readonly ollama: OllamaServer;
  #seed = 1000;

  private constructor(
    readonly server: TestServer,
    readonly registry: ModelRegistry,
    readonly directory: string,
  ) {
    this.ollama = new OllamaServer(server.url);
  }

  static async start(): Promise<LoaderFixture> {
    const directory = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-loader-'));
    vi.stubEnv('XDG_CACHE_HOME', path.join(directory, 'cache'));
    const [server, registry] = await Promise.all([startOllama({ network: 'host' }), startModelRegistry()]);
    return new LoaderFixture(server, registry, directory);
  }

  async remove(): Promise<void> {
    vi.unstubAllEnvs();
    await Promise.all([this.server.remove(), this.registry.remove()]);
    await rm(this.directory, { recursive: true });
  }

  /** Every run is one of another machine: nothing but the store remembers. */
  async run(plan: LoadPlan, options: Partial<LoadOptions> = {}): Promise<LoadEvent[]> {
    const events: LoadEvent[] = [];
    const { signal } = new AbortController();
    const recordFile = path.join(this.directory, `${Math.random()}.json`);
    const emit = (event: LoadEvent): void => void events.push(event);
    const { directory } = this;
    await load(plan, { directory, recordFile, emit, signal, ...options }).catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== 'LoadFailed') throw error;
    });
    return events;
  }

  plan(models: readonly PlannedModel[], changes: Partial<LoadPlan> = {}): LoadPlan {
    return planOf(this.server, models, { registries: [{ host: this.registry.host, insecure: true }], ...changes });
  }

  /** Puts a model of its own weights into a registry. */
  async push(name: string, more: Partial<SyntheticModel> = {}, into = this.registry): Promise<PushedModel> {
    this.#seed += 1;
    return pushSynthetic(into, { name, seed: this.#seed, ...more });
  }

  /** Digests in the store by name, with `sha256:`. */
  async stored(): Promise<Record<string, string>> {
    return Object.fromEntries((await this.ollama.tags()).map(({ name, digest }) => [name, `sha256:${digest}`]));
  }

  /** The record in the store. */
  async record(): Promise<StoreRecord> {
    return parseRecord(await readStoreFile(this.server.container, recordFileName));
  }
}

/** What became of each model; `''` is the whole. */
export function outcomes(events: readonly LoadEvent[]): Record<string, string> {
  return Object.fromEntries(
    events.flatMap((event): [string, string][] => {
      if (event.type === 'loaded') return [[event.model, event.action]];
      if (event.type === 'pruned') return [[event.model, 'pruned']];
      return event.type === 'failed' ? [[event.model ?? '', event.message]] : [];
    }),
  );
}

/** A model with a lock entry for its first source. */
export function locked(one: Model, digest: string | undefined, layers: readonly LockedLayer[] = []): PlannedModel {
  const [source] = one.from;
  const declaration = declarationHash(one, modelsByKey([one]));
  const entry = { declaration, source: source ? sourceText(source) : '', ...(digest && { digest }), layers };
  return { ...one, locked: entry };
}

/** `sha256:<hex>` */
export function sha256Of(content: Buffer | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

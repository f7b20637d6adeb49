import path from 'node:path';
import pLimit from 'p-limit';
import type { LoadPlanServer, LoadPlan } from '../manifest/load-plan.js';
import { ggufCache } from './gguf-cache.js';
import { asLoadError, isPassing } from './load-failure.js';
import type { LoadError } from './load-error.js';
import type { LoadAction } from './load-event.js';
import { LoadRecordFile } from './load-record.js';
import { loadSteps } from './load-step.js';
import type { LoadStep } from './load-step.js';
import type { Fail, LoadOptions } from './loader.js';
import { loadModel } from './model-load.js';
import type { ModelLoadContext } from './model-load.js';
import { preload } from './preload.js';
import { failIfDead } from './readiness.js';
import { OllamaServer } from './server.js';

/** Models on their way at once. Ollama fetches the layers of one model one after another, so several at once gain. */
const parallel = 4;

/** One run over the models of a store whose servers answer. */
export class StoreLoad {
  readonly #limit = pLimit(parallel);
  readonly #record: LoadRecordFile;
  readonly #context: ModelLoadContext;
  /** By model: resolves to whether it is in the store. */
  readonly #loaded = new Map<string, Promise<boolean>>();
  #steps: ReadonlyMap<string, LoadStep> = new Map();

  constructor(
    private readonly plan: LoadPlan,
    private readonly options: LoadOptions,
    private readonly fail: Fail,
  ) {
    this.#record = new LoadRecordFile(options.recordFile);
    this.#context = {
      server: new OllamaServer(this.#first.url, options.signal),
      root: path.resolve(options.directory, plan.root),
      cache: ggufCache(),
      signal: options.signal,
      emit: options.emit,
      shared: new Map(),
    };
  }

  async run(): Promise<void> {
    const tags = await this.#context.server.tags();
    this.#steps = new Map(loadSteps(this.plan, tags, this.#record.record).map((step) => [step.model, step]));
    await Promise.all([...this.#steps.values()].map((step) => this.#inStore(step)));
    await Promise.all(this.plan.servers.map((server) => this.#preloadOn(server)));
  }

  get #first(): LoadPlanServer {
    const [first] = this.plan.servers;
    if (first === undefined) throw new Error(`the plan of store ${this.plan.store} has no server`);
    return first;
  }

  #inStore(step: LoadStep): Promise<boolean> {
    const known = this.#loaded.get(step.model) ?? this.#bring(step);
    this.#loaded.set(step.model, known);
    return known;
  }

  async #bring(step: LoadStep): Promise<boolean> {
    const start = performance.now();
    if (step.action === 'keep') {
      this.#emitLoaded(step.model, 'present', step.digest, step.bytes, start);
      return true;
    }
    for (const name of step.after) {
      const base = this.#steps.get(name);
      if (base === undefined || (await this.#inStore(base))) continue;
      this.fail(`it is made from ${name}, which was not loaded`, step.model);
      return false;
    }
    return this.#limit(async () => {
      try {
        await this.#load(step, start);
        return true;
      } catch (error) {
        await this.#report(error, step.model, this.#first);
        return false;
      }
    });
  }

  async #load(step: Extract<LoadStep, { action: 'load' }>, start: number): Promise<void> {
    const action = await loadModel(step, this.#context);
    const stored = (await this.#context.server.tags()).find(({ name }) => name === step.model);
    if (stored === undefined) throw new Error(`the server reported success, but lists no ${step.model}`);
    this.#record.set(step.model, { declaration: step.declaration, digest: stored.digest });
    this.#emitLoaded(step.model, action, stored.digest, stored.size, start);
  }

  /** One after another, in manifest order, so that what does not fit is always the same model. */
  async #preloadOn(target: LoadPlanServer): Promise<void> {
    const server = new OllamaServer(target.url, this.options.signal);
    for (const model of this.plan.models) {
      if (model.preload === undefined || !target.models.includes(model.name) || !(await this.#loaded.get(model.name)))
        continue;
      const start = performance.now();
      try {
        await preload(server, model.name, model.preload);
        this.options.emit({ type: 'preloaded', model: model.name, server: target.name, ms: since(start) });
      } catch (error) {
        await this.#report(error, model.name, target, `server ${target.name} cannot hold it in memory: `);
      }
    }
  }

  #emitLoaded(model: string, action: LoadAction, digest: string, bytes: number, start: number): void {
    this.options.emit({ type: 'loaded', model, action, digest, bytes, ms: since(start) });
  }

  /** A connection that breaks is often a container that died, which knows the cause better. */
  async #report(error: unknown, model: string, server: LoadPlanServer, prefix = ''): Promise<void> {
    this.options.signal.throwIfAborted();
    const failure = asLoadError(error);
    const death = isPassing(failure.cause ?? error) ? await deathOfServer(server) : undefined;
    this.fail(`${prefix}${(death ?? failure).text}`, model);
  }
}

async function deathOfServer(server: LoadPlanServer): Promise<LoadError | undefined> {
  try {
    await failIfDead(server, 0);
    return undefined;
  } catch (error) {
    return asLoadError(error);
  }
}

function since(start: number): number {
  return Math.round(performance.now() - start);
}

import { modelNameKey } from '../manifest/model-ref.js';
import type { StoredModel } from './load-step.js';
import { OllamaServer } from './server.js';
import type { CreateModel } from './server.js';
import { isStagingName, newName, oldName } from './staging-name.js';

/** Milliseconds that tidying up may take after an interruption. */
const patience = 10_000;

/**
 * Keeps what is served while models change. A model is created under a name of ours and copied into place when it is
 * whole; one that is pulled over, or replaced, is copied aside before. Copies share their layers, so they cost nothing.
 * They are deleted by `close` and not earlier, because deleting removes layers that a model on its way may still want.
 */
export class LoadStaging {
  /** Digest of each name in the store, as last known. */
  readonly #present = new Map<string, string>();
  readonly #guarded = new Set<string>();
  readonly #leftovers = new Set<string>();

  constructor(private readonly server: OllamaServer) {}

  /**
   * Takes note of what the store holds (`tags`), and puts right what a run that was killed left: of the models in
   * `wanted` those that it had set aside are served again. Resolves to what the store holds then.
   */
  async open(tags: readonly StoredModel[], wanted: readonly string[]): Promise<readonly StoredModel[]> {
    const names = new Set(tags.map(({ name }) => name));
    const isClean = !hasLeftovers(tags);
    if (!isClean) {
      for (const model of wanted) if (names.has(oldName(model))) await this.server.copy(oldName(model), model);
      for (const name of names) if (isStagingName(name)) await this.#delete(name);
    }
    const found = isClean ? tags : await this.server.tags();
    for (const { name, digest } of found) this.#present.set(modelNameKey(name), digest);
    return found;
  }

  /** Creates `request` and puts it into place; until then, and when it fails, what was served under its name is served. */
  async create(request: CreateModel): Promise<void> {
    const staged = newName(request.model);
    this.#leftovers.add(staged);
    // Ollama tells every layer it writes or finds; nobody waits long enough to read that.
    for await (const line of this.server.create({ ...request, model: staged })) void line;
    await this.#setAside(request.model);
    await this.server.copy(staged, request.model);
  }

  /** Runs `work`, which changes `name`; when it fails, `name` is what it was: the model of before, or none. */
  async guard<T>(name: string, work: () => Promise<T>): Promise<T> {
    const key = modelNameKey(name);
    if (this.#guarded.has(key)) return work();
    this.#guarded.add(key);
    try {
      await this.#setAside(name);
      return await work();
    } catch (error) {
      await this.#putBack(name);
      throw error;
    } finally {
      this.#guarded.delete(key);
    }
  }

  /** Whether the store had it before the run; with `digest` (`sha256:<hex>`), whether it had just this. */
  had(name: string, digest?: string): boolean {
    const before = this.#present.get(modelNameKey(name));
    return before !== undefined && (digest === undefined || digest === `sha256:${before}`);
  }

  /** Copies what bears `name` aside, once. */
  async #setAside(name: string): Promise<void> {
    const key = modelNameKey(name);
    const old = oldName(name);
    if (!this.#present.has(key) || this.#leftovers.has(old)) return;
    await this.server.copy(name, old);
    this.#leftovers.add(old);
  }

  /** `name` is deleted at the end. */
  discard(name: string): void {
    this.#leftovers.add(name);
  }

  /** Deletes what only the way here needed. */
  async close(): Promise<void> {
    const leftovers = [...this.#leftovers];
    this.#leftovers.clear();
    // One by one: a deletion that walks the manifests while another changes them fails.
    for (const name of leftovers) await this.#delete(name);
  }

  async #putBack(name: string): Promise<void> {
    const before = this.#present.get(modelNameKey(name));
    const tags = await this.#tidy()
      .tags()
      .catch(() => []);
    const now = tags.find((one) => modelNameKey(one.name) === modelNameKey(name))?.digest;
    if (now === before) return;
    if (before === undefined) await this.#delete(name);
    else
      await this.#tidy()
        .copy(oldName(name), name)
        .catch(() => undefined);
  }

  /** Without the signal of the run: what was begun is undone although the run was interrupted. */
  #tidy(): OllamaServer {
    return new OllamaServer(this.server.url, AbortSignal.timeout(patience));
  }

  /** A name that is not there is as good as deleted; one that stays is found by the next run. */
  async #delete(name: string): Promise<void> {
    await this.#tidy()
      .delete(name)
      .catch(() => undefined);
  }
}

/** Whether a run that was killed left names of ours. */
export function hasLeftovers(tags: readonly StoredModel[]): boolean {
  return tags.some(({ name }) => isStagingName(name));
}

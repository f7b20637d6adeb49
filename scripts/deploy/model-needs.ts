import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { GgufSource } from '../../manifest/manifest.js';
import { mirrored } from '../../manifest/mirror.js';
import type { ModelNeed, NeededLayer } from '../../manifest/model-plan.js';
import { formatModelRef, modelNameKey, type ModelRef } from '../../manifest/model-ref.js';
import { sourceText } from '../../manifest/source-text.js';
import type { LoadAttempt } from '../../ollama/load-attempt.js';
import type { LoadModelStep } from '../../ollama/load-step.js';
import type { RegistryManifest } from '../../ollama/registry-client.js';
import type { StoreChange } from './model-drift.js';
import type { StoreFacts } from './store-facts.js';

/** How sizes are found that neither lock nor store tell. */
export interface SizeSources {
  /** Directory of the manifest, base of relative paths. */
  readonly root: string;
  /** Rejects with an error whose message says why nothing is known; absent when no registry is to be asked. */
  readonly ask?: (ref: ModelRef) => Promise<RegistryManifest>;
}

/** What a model consists of, or why nobody knows; `host` is the registry that it comes from. */
type Content = Pick<ModelNeed, 'layers' | 'unknown' | 'host' | 'uploaded'>;

const notLocked = 'it is not locked; `npm run lock` finds out';

/** What every model of a store needs, with sizes from the lock, from the store, or else from its registry. */
export async function modelNeeds(
  { plan, steps }: StoreChange,
  { content, stored }: Pick<StoreFacts, 'content' | 'stored'>,
  sources: SizeSources,
): Promise<ModelNeed[]> {
  const lookup = new ContentLookup(steps, content, sources, plan.mirror);
  const present = new Set(stored.map(({ name }) => modelNameKey(name)));
  return Promise.all(
    steps.map(async (step): Promise<ModelNeed> => {
      const name = step.model;
      if (step.action === 'keep') return { name, action: 'keep', present: true, source: '' };
      const source = step.attempts.map(wordsOf).join(', else ');
      const isThere = present.has(modelNameKey(name));
      return { name, action: 'load', present: isThere, reason: step.reason, source, ...(await lookup.of(step)) };
    }),
  );
}

/** A base that is in the store is told by its name, because nobody asks its registry. */
function wordsOf(attempt: LoadAttempt): string {
  const isHere = attempt.kind === 'registry' && attempt.pull === undefined;
  return isHere ? formatModelRef(attempt.source.ref) : sourceText(attempt.source);
}

class ContentLookup {
  readonly #steps: ReadonlyMap<string, LoadModelStep>;
  readonly #stored: ReadonlyMap<string, readonly NeededLayer[]>;
  readonly #known = new Map<LoadModelStep, Promise<Content>>();

  constructor(
    steps: StoreChange['steps'],
    content: StoreFacts['content'],
    private readonly sources: SizeSources,
    private readonly mirror: string | undefined,
  ) {
    const loads = steps.filter((step) => step.action === 'load');
    this.#steps = new Map(loads.map((step) => [modelNameKey(step.model), step]));
    this.#stored = new Map(
      (content?.models ?? []).map(({ name, layers }) => [
        modelNameKey(name),
        layers.map(({ digest, size }) => ({ digest, bytes: size })),
      ]),
    );
  }

  of(step: LoadModelStep): Promise<Content> {
    const known = this.#known.get(step) ?? this.#find(step);
    this.#known.set(step, known);
    return known;
  }

  async #find({ locked, attempts, adapters }: LoadModelStep): Promise<Content> {
    const [first] = attempts;
    if (locked) return { layers: locked.layers, ...(first && (await this.#hostOf(first))), ...uploads(first) };
    const reasons: string[] = [];
    for (const attempt of attempts) {
      const { unknown, layers, host } = await this.#ofAttempt(attempt);
      const added = await Promise.all(adapters.map((adapter) => this.#ofFile(adapter)));
      const all = [layers, ...added.map((adapter) => adapter.layers)];
      const whole = all.every((part) => part !== undefined);
      if (whole) return { layers: all.flat(), ...(host !== undefined && { host }), ...uploads(attempt) };
      reasons.push(unknown ?? added.find((adapter) => adapter.unknown)?.unknown ?? notLocked);
    }
    return { unknown: [...new Set(reasons)].join('; ') };
  }

  async #hostOf(attempt: LoadAttempt): Promise<Pick<Content, 'host'>> {
    if (attempt.kind === 'gguf') return {};
    if (attempt.kind === 'registry' && attempt.pull === undefined) {
      const { host } = await this.#ofBase(attempt);
      return host === undefined ? {} : { host };
    }
    return { host: mirrored(attempt.source.ref, this.mirror).host };
  }

  async #ofAttempt(attempt: LoadAttempt): Promise<Content> {
    if (attempt.kind === 'gguf') return this.#ofFile(attempt.source);
    if (attempt.kind === 'registry' && attempt.pull === undefined) return this.#ofBase(attempt);
    if (!this.sources.ask) return { unknown: notLocked };
    try {
      const { config, layers } = await this.sources.ask(attempt.source.ref);
      const { host } = await this.#hostOf(attempt);
      const all = [config, ...layers].map(({ digest, size }) => ({ digest, bytes: size }));
      return { layers: all, ...(host !== undefined && { host }) };
    } catch (error) {
      return { unknown: (error as Error).message };
    }
  }

  /** A model that is in the store, or comes before this one. */
  async #ofBase({ source }: Extract<LoadAttempt, { kind: 'registry' }>): Promise<Content> {
    const key = modelNameKey(sourceText(source));
    const coming = this.#steps.get(key);
    if (coming) return this.of(coming);
    const layers = this.#stored.get(key);
    return layers ? { layers } : { unknown: notLocked };
  }

  /** A local file tells its size; what is behind a URL or in a wheel is known when it is locked. */
  async #ofFile({ location, sha256 }: GgufSource): Promise<Content> {
    if (location.kind !== 'file') return { unknown: notLocked };
    try {
      const { size } = await stat(path.resolve(this.sources.root, location.path));
      // Without a hash it counts as one of its own.
      return { layers: [{ digest: sha256 ? `sha256:${sha256}` : `file:${location.path}`, bytes: size }] };
    } catch {
      return { unknown: `there is no file ${location.path}` };
    }
  }
}

/** What is uploaded, Ollama writes once more when it creates the model (server/create.go, from 0.30 on). */
function uploads(attempt: LoadAttempt | undefined): Pick<Content, 'uploaded'> {
  return attempt === undefined || attempt.kind === 'registry' ? {} : { uploaded: true };
}

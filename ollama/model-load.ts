import { modelNameKey, type ModelRef } from '../manifest/model-ref.js';
import { sourceText } from '../manifest/source-text.js';
import { resolveGguf } from './gguf-file.js';
import type { LoadAttempt, RegistryAttempt } from './load-attempt.js';
import { once, type ModelLoadContext } from './load-context.js';
import { LoadError, WrongContent } from './load-error.js';
import type { SkippedSource } from './load-event.js';
import { asLoadError } from './load-failure.js';
import { moved, relock, servedOther } from './load-lock-error.js';
import { LoadProgress } from './load-progress.js';
import type { LoadModelStep } from './load-step.js';
import { upload } from './load-upload.js';
import { pullModel } from './pull.js';
import { RegistryError } from './registry-error.js';
import type { CreateModel } from './server.js';

/** How a model came. */
export interface BroughtModel {
  readonly action: 'pulled' | 'created';
  /** As `RecordedModel.source`. */
  readonly source: string;
  /** The base that was pulled for it, and stays. */
  readonly base?: { readonly name: string; readonly digest: string };
}

/** Brings one model into the store from its first source that works. Throws `LoadError` with the reason of every source. */
export async function loadModel(step: LoadModelStep, context: ModelLoadContext): Promise<BroughtModel> {
  const skipped: SkippedSource[] = [];
  let last: LoadError | undefined;
  for (const attempt of step.attempts) {
    const source = sourceText(attempt.source);
    try {
      if (step.attempts.length > 1) await ask(attempt, context);
      context.emit({ type: 'source', model: step.model, source, skipped: [...skipped] });
      return await new Attempt(step, context).run(attempt);
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof WrongContent) throw error;
      last = asLoadError(error);
      skipped.push({ source, reason: last.message });
    }
  }
  throw skipped.length === 1 && last !== undefined ? last : noneWorks(skipped);
}

function noneWorks(skipped: readonly SkippedSource[]): LoadError {
  const reasons = skipped.map(({ source, reason }) => `    ${source}: ${reason}`);
  return new LoadError(`none of its ${skipped.length} sources works`, `each in order:\n${reasons.join('\n')}`);
}

/** With several sources, a registry that is not there must cost two seconds, not Ollama's long time-outs. */
async function ask(attempt: LoadAttempt, context: ModelLoadContext): Promise<void> {
  if (attempt.kind === 'gguf' || (attempt.kind === 'registry' && attempt.pull === undefined)) return;
  await (await context.reader()).manifest(attempt.source.ref);
}

class Attempt {
  readonly #progress: LoadProgress;

  constructor(
    private readonly step: LoadModelStep,
    private readonly context: ModelLoadContext,
  ) {
    this.#progress = new LoadProgress(step.model, context.emit);
  }

  async run(attempt: LoadAttempt): Promise<BroughtModel> {
    if (attempt.kind === 'registry') return this.#fromRegistry(attempt);
    if (attempt.kind === 'transfer') {
      const { transferred } = await import('./load-transfer.js');
      const manifest = await (await this.context.reader()).manifest(attempt.source.ref);
      this.#checkTag(manifest.digest);
      return this.#create(await transferred(attempt, manifest, this.#progress, this.context), manifest.digest);
    }
    const locked = this.step.locked?.layers.find(({ kind }) => kind === 'model')?.digest;
    const digest = await this.#uploaded(attempt.source, locked);
    return this.#create({ ...attempt.create, files: { 'model.gguf': digest } }, digest);
  }

  async #fromRegistry(attempt: RegistryAttempt): Promise<BroughtModel> {
    const { pull, copy, create, discard } = attempt;
    const { staging, server } = this.context;
    const work = async (): Promise<BroughtModel> => {
      if (pull !== undefined) await once(this.context, pull.name, () => this.#pull(attempt, pull));
      const from = copy?.from ?? create?.from ?? pull?.name ?? this.step.model;
      const digest = await this.#digestOf(from);
      if (copy !== undefined) await staging.guard(copy.to, () => server.copy(copy.from, copy.to));
      const name = create?.from ?? from;
      const stays = pull !== undefined && create !== undefined && name !== discard && name !== this.step.model;
      const base = stays ? { base: { name, digest } } : {};
      const made = create === undefined ? undefined : await this.#create(create, `sha256:${digest}`);
      if (discard !== undefined) staging.discard(discard);
      return made ? { ...made, ...base } : { action: pull ? 'pulled' : 'created', source: `sha256:${digest}` };
    };
    // Between the pull and the end, its own name is that of its base.
    const isOver = pull !== undefined && modelNameKey(pull.name) === modelNameKey(this.step.model);
    return isOver && create !== undefined ? staging.guard(this.step.model, work) : work();
  }

  /** With a lock, nothing is fetched when the tag has moved, and nothing stays that is not what was locked. */
  async #pull({ source }: RegistryAttempt, pull: NonNullable<RegistryAttempt['pull']>): Promise<void> {
    const locked = this.step.locked?.digest;
    if (locked !== undefined) await this.#checkRegistry(source.ref);
    await this.context.staging.guard(pull.name, async () => {
      await pullModel(pull, this.#progress, this.context);
      const pulled = `sha256:${await this.#digestOf(pull.name)}`;
      if (locked !== undefined && pulled !== locked) throw servedOther(this.step.model, locked, pulled);
    });
  }

  /** A registry that only the engine reaches is believed for now: what was pulled is compared with the lock in any case. */
  async #checkRegistry(ref: ModelRef): Promise<void> {
    const reader = await this.context.reader();
    const manifest = await reader.manifest(ref).catch((error: unknown) => {
      if (error instanceof RegistryError && error.trouble === 'unreachable') return undefined;
      throw error;
    });
    if (manifest !== undefined) this.#checkTag(manifest.digest);
  }

  #checkTag(digest: string): void {
    const locked = this.step.locked?.digest;
    if (locked !== undefined && digest !== locked) throw moved(this.step.model, locked, digest);
  }

  async #digestOf(name: string): Promise<string> {
    const tags = await this.context.server.tags();
    const found = tags.find((tag) => modelNameKey(tag.name) === modelNameKey(name));
    if (found === undefined) throw new LoadError(`the server reported success, but lists no ${name}`);
    return found.digest;
  }

  /** Uploads a GGUF, which must be the locked one where there is a lock, and resolves to its digest. */
  async #uploaded(source: LoadModelStep['adapters'][number], locked: string | undefined): Promise<string> {
    const onBytes = (completed: number, total?: number): void => this.#progress.bytes('downloading', completed, total);
    const pinned = locked === undefined ? undefined : { digest: locked, hint: relock(this.step.model) };
    const file = await resolveGguf(source, { ...this.context, onBytes }, pinned);
    return once(this.context, `sha256:${file.sha256}`, () => upload(file, this.#progress, this.context.server));
  }

  /** Creates it with the adapters of the manifest. `source`: digest of what it is made from. */
  async #create(request: CreateModel, source: string): Promise<BroughtModel> {
    const declared = this.step.adapters;
    const locked = declared.length === 0 ? [] : (this.step.locked?.layers ?? []).slice(-declared.length);
    const digests: string[] = [];
    for (const [index, adapter] of declared.entries())
      digests.push(await this.#uploaded(adapter, locked[index]?.digest));
    const named = Object.fromEntries(digests.map((digest, index) => [`declared-${index}.gguf`, digest]));
    const adapters = { ...request.adapters, ...named };
    this.#progress.bytes('creating');
    const whole = Object.keys(adapters).length === 0 ? request : { ...request, adapters };
    await this.context.staging.create(whole);
    return { action: 'created', source: [source, ...digests].join(' ') };
  }
}

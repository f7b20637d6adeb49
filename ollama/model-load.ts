import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { formatModelRef } from '../manifest/model-ref.js';
import { sourceText } from '../manifest/source-text.js';
import { resolveGguf } from './gguf-file.js';
import type { GgufFile, GgufContext } from './gguf-file.js';
import { LoadError, WrongContent } from './load-error.js';
import type { LoadEvent, SkippedSource } from './load-event.js';
import { asLoadError, isPassing } from './load-failure.js';
import { LoadProgress } from './load-progress.js';
import type { LoadAttempt, LoadStep } from './load-step.js';
import type { CreateModel, OllamaServer } from './server.js';

type Load = Extract<LoadStep, { action: 'load' }>;

/** What the models of one store share while they are loaded. */
export interface ModelLoadContext extends Omit<GgufContext, 'onBytes'> {
  readonly server: OllamaServer;
  readonly emit: (event: LoadEvent) => void;
  /** Work in progress by name or digest: two models made from one base or file fetch it once. */
  readonly shared: Map<string, Promise<void>>;
}

/** Brings one model into the store from its first source that works. Throws `LoadError` with the reason of every source. */
export async function loadModel(step: Load, context: ModelLoadContext): Promise<'pulled' | 'created'> {
  const skipped: SkippedSource[] = [];
  let last: LoadError | undefined;
  for (const attempt of step.attempts) {
    const source = sourceText(attempt.source);
    try {
      if (step.attempts.length > 1) await ask(attempt, context);
      context.emit({ type: 'source', model: step.model, source, skipped: [...skipped] });
      return await run(attempt, step.model, context);
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
async function ask(attempt: LoadAttempt, { signal }: ModelLoadContext): Promise<void> {
  if (attempt.kind !== 'registry' || attempt.pull === undefined) return;
  const { manifestUrl, whyNotServed } = await import('./registry.js');
  const reason = await whyNotServed(manifestUrl(attempt.source.ref), signal);
  if (reason !== undefined) throw new LoadError(reason);
}

async function run(attempt: LoadAttempt, model: string, context: ModelLoadContext): Promise<'pulled' | 'created'> {
  const progress = new LoadProgress(model, context.emit);
  if (attempt.kind === 'gguf') {
    const onBytes = (completed: number, total?: number): void => progress.bytes('downloading', completed, total);
    const file = await resolveGguf(attempt.source, { ...context, onBytes });
    await once(context, `sha256:${file.sha256}`, () => upload(file, progress, context.server));
    const files = { 'model.gguf': `sha256:${file.sha256}` };
    return create({ ...attempt.create, files }, progress, context.server);
  }
  if (attempt.pull !== undefined) await once(context, attempt.pull, () => pull(attempt, progress, context));
  return attempt.create === undefined ? 'pulled' : create(attempt.create, progress, context.server);
}

/** Ollama tells every layer it writes or finds; nobody waits long enough to read that. */
async function create(request: CreateModel, progress: LoadProgress, server: OllamaServer): Promise<'created'> {
  progress.bytes('creating');
  for await (const line of server.create(request)) void line;
  return 'created';
}

/** Pulls again after a cut connection, a few times; Ollama keeps what it has and goes on from there. */
async function pull(attempt: LoadAttempt, progress: LoadProgress, { server, signal }: ModelLoadContext): Promise<void> {
  if (attempt.kind !== 'registry') return;
  const { default: retry } = await import('p-retry');
  const work = async (): Promise<void> => {
    for await (const line of server.pull(formatModelRef(attempt.source.ref))) progress.line(line);
  };
  await retry(work, {
    retries: 3,
    minTimeout: 500,
    signal,
    shouldRetry: ({ error }) => isPassing(error),
    onFailedAttempt: ({ error, retriesLeft }) => {
      if (retriesLeft > 0 && isPassing(error)) progress.bytes(`trying again after: ${error.message}`);
    },
  });
}

async function upload(file: GgufFile, progress: LoadProgress, server: OllamaServer): Promise<void> {
  const digest = `sha256:${file.sha256}`;
  if (await server.hasBlob(digest)) return;
  let completed = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      completed += chunk.length;
      progress.bytes('uploading', completed, file.bytes);
      done(null, chunk);
    },
  });
  const content = createReadStream(file.path, { highWaterMark: 1 << 20 });
  content.on('error', (error) => counting.destroy(error));
  await server.uploadBlob(digest, content.pipe(counting), file.bytes);
}

function once({ shared }: ModelLoadContext, key: string, work: () => Promise<void>): Promise<void> {
  const running = shared.get(key) ?? work();
  shared.set(key, running);
  return running;
}

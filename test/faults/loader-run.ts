import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LoadPlan, PlannedModel } from '../../manifest/load-plan.js';
import { sourceText } from '../../manifest/source-text.js';
import { declarationHash } from '../../ollama/declaration-hash.js';
import type { LoadEvent } from '../../ollama/load-event.js';
import { load } from '../../ollama/loader.js';
import { model, registry } from '../support/load-plan.js';
import type { ModelRegistry, RegistryRequest } from '../support/model-registry.js';
import type { TestServer } from '../support/ollama-server.js';
import type { PushedModel } from '../support/synthetic-model.js';

/** What a run of the loader did. */
export interface LoaderRun {
  readonly events: readonly LoadEvent[];
  /** By model, and under `''` for the whole: what was done, or the message of the failure. */
  readonly outcomes: Readonly<Record<string, string>>;
}

/** A folder that the loader thinks is a project; the caller removes it. */
export const projectFolder = (): string => mkdtempSync(path.join(tmpdir(), 'ollama-stacks-faults-'));

/** Runs the loader to its end, whatever that is. `onEvent` may abort it. */
export async function runLoader(
  plan: LoadPlan,
  { directory, stallMs = 10_000, onEvent = () => undefined }: LoaderRunOptions,
): Promise<LoaderRun> {
  const events: LoadEvent[] = [];
  const interruption = new AbortController();
  const emit = (event: LoadEvent): void => {
    events.push(event);
    onEvent(event, () => interruption.abort());
  };
  const recordFile = path.join(directory, 'loaded', `${plan.store}.json`);
  await load(plan, { directory, recordFile, emit, stallMs, signal: interruption.signal }).catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== 'LoadFailed') throw error;
  });
  const outcomes = events.flatMap((event) => {
    if (event.type === 'loaded') return [[event.model, event.action]];
    return event.type === 'failed' ? [[event.model ?? '', event.message]] : [];
  });
  return { events, outcomes: Object.fromEntries(outcomes) as Record<string, string> };
}

interface LoaderRunOptions {
  readonly directory: string;
  /** Milliseconds without a byte that the loader takes for a stall; Ollama 0.24 itself pauses for one second. */
  readonly stallMs?: number;
  readonly onEvent?: (event: LoadEvent, abort: () => void) => void;
}

/** Calls `act` once, when `bytes` of a model have come. */
export function onceFetched(bytes: number, act: (abort: () => void) => unknown): LoaderRunOptions['onEvent'] {
  let done = false;
  return (event, abort) => {
    if (done || event.type !== 'progress' || (event.completed ?? 0) < bytes) return;
    done = true;
    void act(abort);
  };
}

/** A model under a short name that comes from a registry. */
export function served(name: string, pushed: Pick<PushedModel, 'name'>): PlannedModel {
  return model(name, { from: [registry(pushed.name)] });
}

/** The same, locked to `content`, which need not be what the registry has. */
export function lockedTo(one: PlannedModel, { digest, layers }: PushedModel): PlannedModel {
  const [source] = one.from;
  if (source === undefined) throw new Error(`${one.name} has no source`);
  const declared = new Map([[one.name, one]]);
  return {
    ...one,
    locked: { declaration: declarationHash(one, declared), source: sourceText(source), digest, layers },
  };
}

/** Requests for the weights of a model to the server of the files. */
export async function weightRequests(
  from: ModelRegistry,
  { layers }: PushedModel,
): Promise<readonly RegistryRequest[]> {
  const hex = layers[0]?.digest.replace('sha256:', '') ?? 'none';
  const requests = await from.requests();
  return requests.filter(({ at, method, path: asked }) => at === 'files' && method === 'GET' && asked.includes(hex));
}

/** First byte that a request asked for. */
export const firstByte = ({ range }: RegistryRequest): number => Number(/^bytes=(\d+)/.exec(range)?.[1] ?? 0);

/** Tokens that the model generated. */
export async function generated({ url }: TestServer, name: string): Promise<number | undefined> {
  const body = JSON.stringify({ model: name, prompt: 'hi', stream: false, options: { num_predict: 3 } });
  const response = await fetch(`${url}/api/generate`, { method: 'POST', body });
  return ((await response.json()) as { eval_count?: number }).eval_count;
}

/** Digest of a model in the store, with `sha256:`; undefined when it is not there. */
export async function storedDigest({ url }: TestServer, name: string): Promise<string | undefined> {
  const { models } = (await (await fetch(`${url}/api/tags`)).json()) as { models: { name: string; digest: string }[] };
  const digest = models.find((one) => one.name === name)?.digest;
  return digest && `sha256:${digest}`;
}

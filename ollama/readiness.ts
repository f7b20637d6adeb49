import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadPlanServer } from '../manifest/load-plan.js';
import { httpRequest } from './http-fetch.js';
import { LoadError } from './load-error.js';

export interface ReadinessLimits {
  /** Milliseconds between two questions. */
  readonly interval: number;
  /** Milliseconds without an answer after which the container is looked at, and between two looks. */
  readonly inspectEvery: number;
  /** Milliseconds until the wait is given up although the container runs. GPU discovery alone may take 30 s. */
  readonly deadline: number;
}

const defaults: ReadinessLimits = { interval: 25, inspectEvery: 300, deadline: 180_000 };

/**
 * Asks `/api/version` until the server answers, and resolves to its version. Ollama binds its port before it is ready,
 * so that an open port says nothing. Throws `LoadError` with the container's last log lines as soon as the container is
 * found dead, restarting or gone, or at the deadline.
 */
export async function waitUntilReady(
  server: LoadPlanServer,
  signal: AbortSignal,
  limits: Partial<ReadinessLimits> = {},
): Promise<string> {
  const { interval, inspectEvery, deadline } = { ...defaults, ...limits };
  const start = performance.now();
  let nextLook = start + inspectEvery;
  let restarts = Infinity;
  let patience = isThroughEngine(server.url) ? longestPatience : 200;
  for (;;) {
    const impatience = AbortSignal.timeout(patience);
    const version = await askVersion(server.url, AbortSignal.any([signal, impatience]));
    if (version !== undefined) return version;
    signal.throwIfAborted();
    // A question put too early may never be answered, one to a busy server late.
    if (impatience.aborted) patience = Math.min(patience * 2, longestPatience);
    if (performance.now() >= nextLook) {
      restarts = Math.min(restarts, await failIfDead(server, restarts));
      nextLook = performance.now() + inspectEvery;
    }
    if (performance.now() - start >= deadline) throw await silent(server, deadline);
    await sleep(interval, undefined, { signal });
  }
}

/** Milliseconds that one question may stay unanswered at most. */
const longestPatience = 1500;

/** A connection through the engine takes a while, and waits in the container until the port is open. */
const isThroughEngine = (url: string): boolean => url.startsWith('docker:');

async function askVersion(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const response = await httpRequest(new URL(`${url}/api/version`), { signal });
    const text = (await response.setEncoding('utf8').toArray()).join('');
    if (response.statusCode !== 200) return undefined;
    const { version }: { version?: unknown } = JSON.parse(text);
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Throws `LoadError` with the cause when the container of a server is dead, restarting or gone, or was restarted more
 * than `restartsBefore` times; else resolves to the number of its restarts.
 */
export async function failIfDead(server: LoadPlanServer, restartsBefore: number): Promise<number> {
  const { containerState, deathOf } = await import('./container-state.js');
  const state = await containerState(server.container);
  const death = deathOf(state, restartsBefore);
  if (death === undefined) return state?.restarts ?? 0;
  throw new LoadError(`server ${server.name}: container ${server.container} ${death}`, await logHint(server));
}

async function silent(server: LoadPlanServer, deadline: number): Promise<LoadError> {
  const text = `server ${server.name}: no answer from ${server.url}/api/version within ${deadline / 1000} s`;
  return new LoadError(`${text}, although container ${server.container} runs`, await logHint(server));
}

async function logHint(server: LoadPlanServer): Promise<string> {
  const { lastLogLines } = await import('./container-state.js');
  const lines = await lastLogLines(server.container, 8);
  return lines.length === 0
    ? 'its log is empty'
    : `its log ends with\n${lines.map((line) => `    ${line}`).join('\n')}`;
}

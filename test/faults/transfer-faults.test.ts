import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PlannedModel } from '../../manifest/load-plan.js';
import { transferRetry } from '../../ollama/pull-retry.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { planOf } from '../support/load-plan.js';
import { startModelRegistry, type ModelRegistry } from '../support/model-registry.js';
import { startOllama, type TestServer } from '../support/ollama-server.js';
import { pushSynthetic, type PushedModel } from '../support/synthetic-model.js';
import * as world from './loader-run.js';

const bytes = 6_000_000;
const slow = { kind: 'slow', bytesPerSecond: 4_000_000 } as const;
const backOff = { ...transferRetry };

let server: TestServer;
let proxy: FaultProxy;
let registry: ModelRegistry;
let guarded: ModelRegistry;
let guardedProxy: FaultProxy;
let directory: string;
let seed = 100;

beforeAll(async () => {
  Object.assign(transferRetry, { minTimeout: 50, maxTimeout: 200 });
  vi.stubEnv('FAULTS_TOKEN', 'hf_faults');
  directory = world.projectFolder();
  [server, proxy, guardedProxy] = await Promise.all([
    startOllama({ network: 'host' }),
    startFaultProxy(),
    startFaultProxy(),
  ]);
  registry = await startModelRegistry({ between: proxy.open });
  guarded = await startModelRegistry({ between: guardedProxy.open, auth: { token: 'hf_faults' } });
  vi.stubEnv('XDG_CACHE_HOME', path.join(directory, 'cache'));
});

afterAll(async () => {
  Object.assign(transferRetry, backOff);
  vi.unstubAllEnvs();
  await Promise.all([server, registry, guarded, proxy, guardedProxy].map((one) => one?.remove()));
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  await Promise.all([proxy.clear(), guardedProxy.clear()]);
});

async function push(to: ModelRegistry, name: string): Promise<PushedModel> {
  seed += 1;
  return pushSynthetic(to, { name: `team/${name}:1`, seed, bytes });
}

const plan = (...models: PlannedModel[]) =>
  planOf(server, models, {
    registries: [
      { host: registry.host, insecure: true },
      { host: guarded.host, insecure: true, tokenEnv: 'FAULTS_TOKEN' },
    ],
  });

describe.each([
  ['that Ollama pulls', () => ({ from: registry, way: proxy }), 'pulled'],
  ['that wants credentials', () => ({ from: guarded, way: guardedProxy }), 'created'],
])('a model of a registry %s', (_, parts, done) => {
  const name = (what: string): string => `${what}-${done}`;
  const loaded = (what: string, one: PushedModel) => plan(world.served(`${name(what)}:latest`, one));

  it('cut at 99 % comes home without being fetched again', async () => {
    const { from, way } = parts();
    const one = await push(from, name('cut'));
    await way.set({ kind: 'cut', bytes: Math.floor(bytes * 0.99) });
    const { outcomes } = await world.runLoader(loaded('cut', one), { directory });
    expect(outcomes).toEqual({ [`${name('cut')}:latest`]: done });
    const [, ...later] = await world.weightRequests(from, one);
    expect(later.length).toBeGreaterThan(0);
    for (const request of later) expect(world.firstByte(request)).toBeGreaterThan(bytes * 0.95);
    expect(await world.generated(server, name('cut'))).toBe(3);
    await way.clear();
  });

  it('that stalls is noticed, tried again and goes on from there', async () => {
    const { from, way } = parts();
    const one = await push(from, name('stall'));
    await way.set(slow);
    const stall = world.onceFetched(2_000_000, () => way.set({ kind: 'stall' }));
    const { outcomes, events } = await world.runLoader(loaded('stall', one), {
      directory,
      stallMs: 1500,
      onEvent: (event, abort) => {
        stall?.(event, abort);
        if (event.type === 'progress' && event.status.startsWith('trying again')) void way.clear();
      },
    });
    expect(outcomes).toEqual({ [`${name('stall')}:latest`]: done });
    expect(events).toContainEqual(
      expect.objectContaining({ status: expect.stringMatching(/^trying again after: stalled: no byte for 1.5 s/) }),
    );
    const last = (await world.weightRequests(from, one)).at(-1);
    expect(last && world.firstByte(last)).toBeGreaterThan(1_000_000);
  });

  it('that stalls for ever fails with the cause, after a bound', async () => {
    const { from, way } = parts();
    const one = await push(from, name('dead'));
    await way.set({ kind: 'stall' });
    const { outcomes } = await world.runLoader(loaded('dead', one), { directory, stallMs: 300 });
    await way.clear();
    expect(outcomes[`${name('dead')}:latest`]).toMatch(/stalled: no byte for 0.3 s from 127.0.0.1:\d+/);
    expect(await world.storedDigest(server, `${name('dead')}:latest`)).toBeUndefined();
  });

  it('that was interrupted goes on where it was', async () => {
    const { from, way } = parts();
    const one = await push(from, name('interrupted'));
    await way.set(slow);
    const onEvent = world.onceFetched(2_000_000, (abort) => abort());
    const cut = await world.runLoader(loaded('interrupted', one), { directory, onEvent });
    expect(cut.outcomes).toEqual({ '': expect.stringContaining('interrupted; what was fetched is kept') });
    expect(await world.storedDigest(server, `${name('interrupted')}:latest`)).toBeUndefined();
    await way.clear();
    const again = await world.runLoader(loaded('interrupted', one), { directory });
    expect(again.outcomes).toEqual({ [`${name('interrupted')}:latest`]: done });
    const last = (await world.weightRequests(from, one)).at(-1);
    expect(last && world.firstByte(last)).toBeGreaterThan(1_000_000);
  });

  it('that goes away fails with the cause, and goes on when it is back', async () => {
    const { from, way } = parts();
    const one = await push(from, name('gone'));
    await way.set(slow);
    // What is on its way lies in buffers of the kernel, so the way ends, too.
    const onEvent = world.onceFetched(2_000_000, () => Promise.all([way.close(), from.stop()]));
    const failed = await world.runLoader(loaded('gone', one), { directory, onEvent, stallMs: 1500 });
    expect(failed.outcomes).toEqual({
      [`${name('gone')}:latest`]: expect.stringMatching(/connection refused|ECONNREFUSED|does not answer/),
    });
    expect(await world.storedDigest(server, `${name('gone')}:latest`)).toBeUndefined();
    await Promise.all([from.start(), way.clear()]);
    const again = await world.runLoader(loaded('gone', one), { directory });
    expect(again.outcomes).toEqual({ [`${name('gone')}:latest`]: done });
    const last = (await world.weightRequests(from, one)).at(-1);
    expect(last && world.firstByte(last)).toBeGreaterThan(1_000_000);
  });
});

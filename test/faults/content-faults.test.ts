import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadPlan, PlannedModel } from '../../manifest/load-plan.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { httpDouble } from '../support/http-double.js';
import { planOf } from '../support/load-plan.js';
import { startModelRegistry, type ModelRegistry } from '../support/model-registry.js';
import { startOllama, type TestServer } from '../support/ollama-server.js';
import { pushSynthetic, type PushedModel } from '../support/synthetic-model.js';
import * as world from './loader-run.js';

let server: TestServer;
let registry: ModelRegistry;
let directory: string;
let seed = 200;

beforeAll(async () => {
  directory = world.projectFolder();
  [server, registry] = await Promise.all([startOllama({ network: 'host' }), startModelRegistry()]);
});

afterAll(async () => {
  await Promise.all([server?.remove(), registry?.remove()]);
  await rm(directory, { recursive: true, force: true });
});

async function push(name: string): Promise<PushedModel> {
  seed += 1;
  return pushSynthetic(registry, { name: `team/${name}:1`, seed });
}

function plan(...models: PlannedModel[]): LoadPlan {
  return planOf(server, models, { registries: [{ host: registry.host, insecure: true }] });
}

async function outcomes(of: LoadPlan): Promise<LoaderRunOutcomes> {
  return (await world.runLoader(of, { directory })).outcomes;
}
type LoaderRunOutcomes = world.LoaderRun['outcomes'];

describe('wrong bytes', () => {
  it('fail, and what was served under the name is still served', async () => {
    const good = await push('served');
    const bad = await push('served-next');
    const one = world.served('served:latest', good);
    expect(await outcomes(plan(world.lockedTo(one, good)))).toEqual({ 'served:latest': 'pulled' });

    await registry.retag(good.name, bad.name);
    await registry.corrupt(bad.layers[0]?.digest ?? '');
    const failed = await outcomes(plan(world.lockedTo(one, bad)));
    expect(failed['served:latest']).toMatch(/digest mismatch/);
    expect(await world.storedDigest(server, 'served:latest')).toBe(good.digest);
    expect(await world.generated(server, 'served')).toBe(3);
  });

  it('of one model leave the others loaded', async () => {
    const [bad, good] = [await push('one-bad'), await push('one-good')];
    await registry.corrupt(bad.layers[0]?.digest ?? '');
    const both = plan(world.served('one-bad:latest', bad), world.served('one-good:latest', good));
    expect(await outcomes(both)).toEqual({
      'one-bad:latest': expect.stringMatching(/digest mismatch/),
      'one-good:latest': 'pulled',
    });
    expect(await world.storedDigest(server, 'one-bad:latest')).toBeUndefined();
  });
});

/** Ollama does not check a blob that is whole when a pull begins. */
it('wrong bytes that came before an interruption are not taken for right ones by the next load', async () => {
  await using proxy = await startFaultProxy();
  await using far = await startModelRegistry({ between: proxy.open });
  const texts = { license: 'x'.repeat(4_000_000) };
  const bad = await pushSynthetic(far, { name: 'team/half:1', seed: 300, bytes: 1_000_000, texts });
  await far.corrupt(bad.layers[0]?.digest ?? '');
  await proxy.set({ kind: 'slow', bytesPerSecond: 4_000_000 });
  const ours = planOf(server, [world.served('half:latest', bad)], {
    registries: [{ host: far.host, insecure: true }],
  });
  const onEvent = world.onceFetched(2_000_000, (abort) => abort());
  expect((await world.runLoader(ours, { directory, onEvent })).outcomes['']).toContain('interrupted');
  await proxy.clear();
  expect(await outcomes(ours)).toEqual({ 'half:latest': expect.stringMatching(/digest mismatch|wrong/) });
  expect(await world.storedDigest(server, 'half:latest')).toBeUndefined();
});

describe('a locked tag', () => {
  it('that moved is refused before its layers are fetched', async () => {
    const [was, is] = [await push('moved'), await push('moved-next')];
    await registry.retag(was.name, is.name);
    const { 'moved:latest': message } = await outcomes(plan(world.lockedTo(world.served('moved:latest', was), was)));
    expect(message).toContain(was.digest.slice(7, 19));
    expect(message).toContain(is.digest.slice(7, 19));
    expect(message).toMatch(/lock/);
    expect(await world.weightRequests(registry, is)).toEqual([]);
    expect(await world.storedDigest(server, 'moved:latest')).toBeUndefined();
  });

  it('that moves while it is pulled fails, and leaves nothing under its name', async () => {
    const [asked, pulled] = [await push('race'), await push('race-next')];
    let manifests = 0;
    await using moving = await httpDouble((request, response) => {
      const isManifest = request.url?.includes('/manifests/') === true;
      if (isManifest) manifests += 1;
      const path = manifests > 1 ? request.url?.replace('/race/', '/race-next/') : request.url;
      response.writeHead(307, { location: `${registry.url}${path}` }).end();
    });
    const host = new URL(moving.url).host;
    const one = world.served('race:latest', { name: `${host}/team/race:1` });
    const ours = { ...plan(world.lockedTo(one, asked)), registries: [{ host, insecure: true }] };
    const { 'race:latest': message } = await outcomes(ours);
    expect(message).toContain(asked.digest.slice(7, 19));
    expect(message).toContain(pulled.digest.slice(7, 19));
    expect(manifests).toBeGreaterThan(1);
    for (const name of ['race:latest', `${host}/team/race:1`])
      expect(await world.storedDigest(server, name)).toBeUndefined();
  });

  it('that is there with its digest is not asked for', async () => {
    const one = await push('settled');
    const settled = plan(world.lockedTo(world.served('settled:latest', one), one));
    expect(await outcomes(settled)).toEqual({ 'settled:latest': 'pulled' });
    const before = (await registry.requests()).length;
    expect(await outcomes(settled)).toEqual({ 'settled:latest': 'present' });
    expect((await registry.requests()).length).toBe(before);
  });
});

it('two servers with one store load once', async () => {
  const one = await push('shared');
  const second = await startOllama({ network: 'host', store: server.container });
  try {
    const both = { ...server, models: ['shared:latest'] };
    const ours = plan(world.served('shared:latest', one));
    const servers = [both, { ...second, name: 'second', models: both.models }];
    expect(await outcomes({ ...ours, servers })).toEqual({ 'shared:latest': 'pulled' });
    expect(await world.weightRequests(registry, one)).toHaveLength(1);
    expect(await world.generated(second, 'shared')).toBe(3);
  } finally {
    await second.remove();
  }
});

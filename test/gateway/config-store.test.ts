import { afterEach, expect, it, vi } from 'vitest';
import type { GatewayPlan } from '../../manifest/gateway-plan.js';
import { ensureCertificate } from '../../gateway/certificate-store.js';
import { ensureGatewayVolume, installConfig, putConfigInForce } from '../../gateway/config-store.js';
import { gatewayFiles, readLua } from '../../gateway/gateway-files.js';
import { withVolume } from '../../gateway/volume.js';
import { repository } from '../support/project.js';
import { fileMode, randomAccess, removeGateway, smallConfig } from './gateway-container.js';

// A helper container takes half a second, and several on a machine that works.
vi.setConfig({ testTimeout: 90_000 });

let access = randomAccess();
afterEach(async () => {
  await removeGateway(access);
  access = randomAccess();
});

const names = async (): Promise<string[] | undefined> =>
  (await withVolume(access, 'read', (volume) => volume.list('configs')))?.toSorted();
const current = async (): Promise<string | undefined> => withVolume(access, 'read', (volume) => volume.link('current'));

it('makes the key files once, and mends keys.map', async () => {
  expect(await ensureGatewayVolume(access)).toEqual({ keys: 0 });
  expect(await fileMode(access, 'keys.json')).toBe('600 0 0');
  expect(await fileMode(access, 'keys.map')).toBe('440 0 99');
  await withVolume(access, 'write', (volume) => volume.write('keys.map', 'stale x|0|0|0|\n', 'gateway'));
  expect(await ensureGatewayVolume(access)).toEqual({ keys: 0 });
  expect(await withVolume(access, 'read', (volume) => volume.read('keys.map'))).toBe('');
});

it('puts a configuration in force that HAProxy takes, and keeps three', async () => {
  await ensureGatewayVolume(access);
  expect(await installConfig(access, smallConfig({ note: '1' }), 'a1')).toEqual({ changed: true });
  expect(await installConfig(access, smallConfig({ note: '1' }), 'a1')).toEqual({ changed: false, previous: 'a1' });
  expect(await current()).toBe('configs/a1');
  expect(await fileMode(access, 'configs/a1/lua/wait.lua')).toBe('440 0 99');
  for (const [hash, previous] of [
    ['b2', 'a1'],
    ['c3', 'b2'],
    ['d4', 'c3'],
  ] as const)
    expect(await installConfig(access, smallConfig({ note: hash }), hash)).toEqual({ changed: true, previous });
  expect(await names()).toEqual(['b2', 'c3', 'd4']);
  await putConfigInForce(access, 'b2');
  expect(await installConfig(access, smallConfig({ note: 'e5' }), 'e5')).toEqual({ changed: true, previous: 'b2' });
  expect(await names()).toEqual(['b2', 'd4', 'e5']);
  expect(await ensureGatewayVolume(access)).toEqual({ keys: 0, current: 'e5' });
});

it('refuses a configuration that HAProxy would not start with, with its words, and leaves what was', async () => {
  await ensureGatewayVolume(access);
  await installConfig(access, smallConfig(), 'good');
  const bad = (change: Record<string, string>): Promise<unknown> =>
    installConfig(access, { ...smallConfig(), ...change }, 'bad');
  await expect(bad({ 'haproxy.cfg': 'bogus\n' })).rejects.toMatchObject({
    code: 'gateway-config',
    original: expect.stringContaining("unknown keyword 'bogus'"),
  });
  await expect(bad({ 'lua/wait.lua': 'not lua' })).rejects.toMatchObject({
    original: expect.stringContaining('error in Lua file'),
  });
  await expect(installConfig(access, smallConfig({ tls: true }), 'no-certificate')).rejects.toMatchObject({
    original: expect.stringContaining('tls.pem'),
  });
  // The check runs as HAProxy's own user: what only root can read is no use to it.
  await withVolume(access, 'write', (volume) => volume.write('keys.map', '', 'root'));
  await expect(bad({})).rejects.toMatchObject({ original: expect.stringContaining('keys.map') });
  expect(await current()).toBe('configs/good');
  expect(await names()).toEqual(['good']);
});

it('takes the configuration of the door', async () => {
  access = randomAccess({ kind: 'local', names: [] });
  await ensureGatewayVolume(access);
  const { certificateEnd = 0 } = await ensureCertificate(access, '.');
  const plan: GatewayPlan = {
    ...access,
    tls: { kind: 'local', names: [] },
    revision: '',
    port: 11_443,
    metricsPort: 9464,
    maxBody: 8 << 20,
    maxQueue: 512,
    drain: 300,
    pools: [
      { name: 'pool-0', models: ['m:latest'], servers: [{ name: 'main', container: 'absent', slots: 1, gpu: false }] },
    ],
  };
  const { files, hash } = gatewayFiles(plan, { lua: await readLua(repository), certificateEnd });
  expect(await installConfig(access, files, hash)).toEqual({ changed: true });
});

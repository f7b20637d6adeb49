import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { readStoreFile, withStoreContainer, writeStoreFile } from '../../ollama/store-container.js';
import { readInventory } from '../../ollama/store-inventory.js';
import { startOllama, type TestServer } from '../support/ollama-server.js';
import { docker, run } from '../support/project.js';

const image = process.env.OLLAMA_STACKS_TEST_IMAGE ?? 'ollama-stacks/ollama:0.34.0-cpu';
let server: TestServer;

beforeAll(async () => {
  server = await startOllama({ wait: false });
});

afterAll(async () => server.remove());
afterEach(() => {
  vi.unstubAllEnvs();
});

const helpers = async (): Promise<string> => docker('ps', '--all', '--quiet', '--filter', 'name=ollama-stacks-store-');

it('writes and reads files of a store through its server, running or not, and leaves no copy', async () => {
  const temporary = await mkdtemp(path.join(tmpdir(), 'store-container-'));
  vi.stubEnv('TMPDIR', temporary);
  await writeStoreFile(server.container, 'record.json', '{"grüße":1}');
  expect(await readStoreFile(server.container, 'record.json')).toBe('{"grüße":1}');
  expect(await readStoreFile(server.container, 'none.json')).toBeUndefined();
  expect(await docker('exec', server.container, 'stat', '-c', '%a %u', '/root/.ollama/record.json')).toBe('600 0');
  await docker('stop', '--time', '0', server.container);
  expect(await readStoreFile(server.container, 'record.json')).toBe('{"grüße":1}');
  await writeStoreFile(server.container, 'record.json', 'again');
  await expect(readInventory(server.container)).rejects.toMatchObject({
    message: expect.stringContaining('is not running'),
    hint: 'deploy it with `npm run up`',
  });
  await docker('start', server.container);
  expect(await readStoreFile(server.container, 'record.json')).toBe('again');
  await expect(readStoreFile('no-such-container', 'x')).rejects.toThrow(/no such container/i);
  expect(await readdir(temporary)).toEqual([]);
  await rmdir(temporary);
});

it('gives a container that can only read the store', async () => {
  const name = await withStoreContainer({ store: server.container, image }, async (container) => {
    const inside = async (script: string): Promise<number> =>
      (await run('docker', ['exec', container, 'sh', '-c', script])).code;
    expect(await inside('test -e /root/.ollama/models')).toBe(0);
    expect(await inside('touch /root/.ollama/x')).not.toBe(0);
    expect(await inside('touch /x')).not.toBe(0);
    expect(await inside('test "$(ls /sys/class/net)" = lo')).toBe(0);
    expect(await inside('grep -q "CapEff:.0000000000000000" /proc/self/status')).toBe(0);
    expect(await readInventory(container)).toMatchObject({ models: [], free: expect.any(Number) });
    return container;
  });
  expect((await run('docker', ['container', 'inspect', name])).code).not.toBe(0);
});

it('does not make a store that is not there, and tells what is free on its disk', async () => {
  const store = `ollama-stacks-test-${randomBytes(4).toString('hex')}`;
  const inventory = await withStoreContainer({ store, image }, readInventory);
  expect(inventory).toMatchObject({ models: [], blobs: new Map() });
  expect(inventory.free).toBeGreaterThan(1e6);
  expect((await run('docker', ['volume', 'inspect', store])).code).not.toBe(0);
});

it('removes the container when the work fails or is interrupted, and says why there is none', async () => {
  const access = { store: server.container, image };
  let name = '';
  const work = async (container: string): Promise<never> => {
    name = container;
    throw new Error('work failed');
  };
  await expect(withStoreContainer(access, work)).rejects.toThrow('work failed');
  expect((await run('docker', ['container', 'inspect', name])).code).not.toBe(0);

  const interruption = new AbortController();
  const endless = async (container: string): Promise<never> => {
    name = container;
    interruption.abort();
    return new Promise(() => {});
  };
  await expect(withStoreContainer(access, endless, { signal: interruption.signal })).rejects.toThrow(/abort/i);
  expect((await run('docker', ['container', 'inspect', name])).code).not.toBe(0);

  const missing = withStoreContainer({ ...access, image: 'ollama-stacks/none:1' }, async () => 1);
  await expect(missing).rejects.toMatchObject({ hint: 'bring the image with `npm run setup`' });
  expect(await helpers()).not.toContain(name);
});

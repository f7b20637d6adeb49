import { describe, expect, it } from 'vitest';
import { modelsByKey } from '../../manifest/declaration.js';
import type { Model } from '../../manifest/manifest.js';
import { declarationHash } from '../../ollama/declaration-hash.js';
import { loadSteps } from '../../ollama/load-step.js';
import type { LoadRecord } from '../../ollama/load-record.js';
import type { LoadStep, StoredModel } from '../../ollama/load-step.js';
import { ggufFile, model, planOf, registry } from '../support/load-plan.js';

const server = { name: 'main', container: 'test-main', url: 'http://127.0.0.1:1', models: [] };
const base: StoredModel = { name: 'qwen3:8b', digest: 'aaaa', size: 5 };

function stepsOf(models: readonly Model[], tags: readonly StoredModel[] = [], record: LoadRecord = {}): LoadStep[] {
  return loadSteps(planOf(server, models), tags, record);
}

/** A pull from the Ollama library. */
const library = (name: string) => ({ name, host: 'registry.ollama.ai' });

function attemptsOf(models: readonly Model[], tags: readonly StoredModel[] = []) {
  return stepsOf(models, tags).map((step) => (step.action === 'load' ? step.attempts : step));
}

/** The record as it stands after `one` was loaded with this digest. */
function recorded(one: Model, digest: string, others: readonly Model[] = []): LoadRecord {
  return { [one.name]: { declaration: declarationHash(one, modelsByKey([...others, one])), digest } };
}

describe('what an empty store needs', () => {
  const file = ggufFile('./ours.gguf', 'abcd');
  it.each<[string, Model, object]>([
    [
      'a plain model is pulled',
      model('qwen3:8b'),
      { kind: 'registry', source: registry('qwen3:8b'), pull: library('qwen3:8b') },
    ],
    [
      'another name of a model is a copy of it, and the long name goes',
      model('chat:latest', { from: [registry('models.example/team/qwen3:8b')] }),
      {
        kind: 'registry',
        source: registry('models.example/team/qwen3:8b'),
        pull: { name: 'models.example/team/qwen3:8b', host: 'models.example' },
        copy: { from: 'models.example/team/qwen3:8b', to: 'chat:latest' },
        discard: 'models.example/team/qwen3:8b',
      },
    ],
    [
      'a derived model carries its words',
      model('chat:latest', {
        from: [registry('hf.co/user/repo:Q4_K_M')],
        system: 'Be brief.',
        template: '{{ .Prompt }}',
        license: ['MIT'],
        messages: [{ role: 'user', content: 'Hi' }],
        parameters: { num_ctx: 8192, stop: ['a', 'b'] },
      }),
      {
        kind: 'registry',
        source: registry('hf.co/user/repo:Q4_K_M'),
        pull: { name: 'hf.co/user/repo:Q4_K_M', host: 'hf.co' },
        create: {
          model: 'chat:latest',
          from: 'hf.co/user/repo:Q4_K_M',
          system: 'Be brief.',
          template: '{{ .Prompt }}',
          license: ['MIT'],
          messages: [{ role: 'user', content: 'Hi' }],
          parameters: { num_ctx: 8192, stop: ['a', 'b'] },
        },
      },
    ],
    [
      'a model changed under its own name is pulled and then made anew',
      model('qwen3:8b', { system: 'Be brief.' }),
      {
        kind: 'registry',
        source: registry('qwen3:8b'),
        pull: library('qwen3:8b'),
        create: { model: 'qwen3:8b', from: 'qwen3:8b', system: 'Be brief.' },
      },
    ],
    [
      'a GGUF is uploaded',
      model('ours:latest', { from: [file] }),
      { kind: 'gguf', source: file, create: { model: 'ours:latest' } },
    ],
  ])('%s', (_, one, attempt) => {
    expect(attemptsOf([one])).toEqual([[attempt]]);
  });

  it('tries several sources in their order', () => {
    const [attempts] = attemptsOf([model('ours:latest', { from: [registry('ours'), file] })]);
    expect(attempts).toMatchObject([{ kind: 'registry', pull: library('ours:latest') }, { kind: 'gguf' }]);
  });
});

describe('bases', () => {
  it('are not pulled again when the store has them, whatever their case', () => {
    const chat = model('chat:latest', { from: [registry('QWEN3:8B')] });
    expect(attemptsOf([chat], [base])).toEqual([
      [{ kind: 'registry', source: registry('QWEN3:8B'), copy: { from: 'QWEN3:8B', to: 'chat:latest' } }],
    ]);
  });

  it('that are declared themselves are waited for, not pulled', () => {
    const ours = model('ours:latest', { from: [ggufFile('./ours.gguf')] });
    const chat = model('chat:latest', { from: [registry('ours')] });
    const [first] = stepsOf([chat, ours]);
    expect(first).toMatchObject({ after: ['ours:latest'], attempts: [{ copy: { from: 'ours:latest' } }] });
    expect(first).not.toHaveProperty('attempts.0.pull');
  });

  it('cannot be made from each other', () => {
    const a = model('a:latest', { from: [registry('b')] });
    const b = model('b:latest', { from: [registry('a')] });
    expect(() => stepsOf([a, b])).toThrow('models are made from each other: a:latest from b:latest from a:latest');
  });
});

describe('what is kept', () => {
  const ours = model('ours:latest', { from: [ggufFile('./ours.gguf')], parameters: { num_ctx: 512, seed: 1 } });
  const stored = { name: 'ours:latest', digest: 'bbbb', size: 7 };

  it.each<[string, 'keep' | 'load', Model, StoredModel[], LoadRecord]>([
    ['a plain model that the store has', 'keep', model('qwen3:8b'), [base], {}],
    ['a plain model whose digest moved', 'keep', model('qwen3:8b'), [base], recorded(model('qwen3:8b'), 'old')],
    [
      'a plain model that was loaded from elsewhere',
      'load',
      model('qwen3:8b'),
      [base],
      recorded(model('qwen3:8b', { from: [ggufFile('x')] }), 'aaaa'),
    ],
    ['a made model without a record', 'load', ours, [stored], {}],
    ['a made model as recorded', 'keep', ours, [stored], recorded(ours, 'bbbb')],
    [
      'the same in another order of parameters',
      'keep',
      { ...ours, parameters: { seed: 1, num_ctx: 512 } },
      [stored],
      recorded(ours, 'bbbb'),
    ],
    ['a made model that somebody replaced', 'load', ours, [{ ...stored, digest: 'cccc' }], recorded(ours, 'bbbb')],
    ['a made model that is gone', 'load', ours, [], recorded(ours, 'bbbb')],
    [
      'a made model with another parameter',
      'load',
      { ...ours, parameters: { num_ctx: 1024, seed: 1 } },
      [stored],
      recorded(ours, 'bbbb'),
    ],
    [
      'a made model with another source',
      'load',
      { ...ours, from: [ggufFile('./other.gguf')] },
      [stored],
      recorded(ours, 'bbbb'),
    ],
    [
      'a made model with another expectation',
      'keep',
      { ...ours, preload: { keepAlive: '-1' }, expect: [{ prompt: 'x' }] },
      [stored],
      recorded(ours, 'bbbb'),
    ],
  ])('%s: %s', (_, action, one, tags, record) => {
    expect(stepsOf([one], tags, record).map((step) => step.action)).toEqual([action]);
  });

  it('not what is made from a declared model that changed', () => {
    const chat = model('chat:latest', { from: [registry('ours')] });
    const record = { ...recorded(ours, 'bbbb'), ...recorded(chat, 'dddd', [ours]) };
    const tags = [stored, { name: 'chat:latest', digest: 'dddd', size: 7 }];
    const changed = { ...ours, from: [ggufFile('./other.gguf')] };
    expect(stepsOf([ours, chat], tags, record)[1]?.action).toBe('keep');
    expect(stepsOf([changed, chat], tags, record)[1]?.action).toBe('load');
  });

  it('is told with digest and bytes', () => {
    expect(stepsOf([model('qwen3:8b')], [base])).toEqual([
      { action: 'keep', model: 'qwen3:8b', digest: 'aaaa', bytes: 5 },
    ]);
  });
});

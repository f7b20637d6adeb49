import { describe, expect, it } from 'vitest';
import type { Model } from '../../manifest/manifest.js';
import { loadSteps, type StoredModel } from '../../ollama/load-step.js';
import { model, planOf, registry } from '../support/load-plan.js';

const server = { name: 'main', container: 'test-main', url: 'http://127.0.0.1:1', models: [] };
const base: StoredModel = { name: 'qwen3:8b', digest: 'aaaa', size: 5 };

describe('where a model is pulled from', () => {
  const insecure = { host: 'models.example:5000', insecure: true };
  const changes = { mirror: 'models.example:5000', registries: [insecure] };
  const pull = { name: 'models.example:5000/library/qwen3:8b', host: 'models.example:5000', insecure: true };
  const attemptIn = (one: Model, others: readonly Model[] = [], tags: readonly StoredModel[] = []) => {
    const [step] = loadSteps(planOf(server, [one, ...others], changes), tags, {});
    return step?.action === 'load' ? step.attempts[0] : step;
  };

  it.each<[string, Model, object]>([
    [
      'a plain model comes from the mirror under its own name',
      model('qwen3:8b'),
      { pull, copy: { from: pull.name, to: 'qwen3:8b' }, discard: pull.name },
    ],
    [
      'a base comes from the mirror and stays under its short name',
      model('chat:latest', { from: [registry('qwen3:8b')], system: 'x' }),
      {
        pull,
        copy: { from: pull.name, to: 'qwen3:8b' },
        create: { model: 'chat:latest', from: 'qwen3:8b', system: 'x' },
      },
    ],
    [
      'a model changed under its own name is made from what the mirror has',
      model('qwen3:8b', { system: 'x' }),
      { pull, create: { model: 'qwen3:8b', from: pull.name, system: 'x' }, discard: pull.name },
    ],
    [
      'another registry is not mirrored',
      model('chat:latest', { from: [registry('hf.co/user/repo:Q4')] }),
      {
        pull: { name: 'hf.co/user/repo:Q4', host: 'hf.co' },
        copy: { to: 'chat:latest' },
        discard: 'hf.co/user/repo:Q4',
      },
    ],
  ])('%s', (_, one, attempt) => {
    expect(attemptIn(one)).toMatchObject(attempt);
  });

  it('leaves the long name when something declared uses it, or when it was there before', () => {
    const long = 'models.example:5000/library/qwen3:8b';
    expect(attemptIn(model('qwen3:8b'), [model(long)])).not.toHaveProperty('discard');
    expect(attemptIn(model('qwen3:8b'), [], [{ ...base, name: long }])).not.toHaveProperty('discard');
  });

  it('fetches itself what wants credentials, which Ollama does not send', () => {
    const guarded = { ...insecure, tokenEnv: 'MODELS_TOKEN' };
    const [step] = loadSteps(planOf(server, [model('qwen3:8b')], { ...changes, registries: [guarded] }), [], {});
    expect(step).toMatchObject({
      attempts: [{ kind: 'transfer', host: 'models.example:5000', create: { model: 'qwen3:8b' } }],
    });
  });
});

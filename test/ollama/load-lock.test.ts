import { describe, expect, it } from 'vitest';
import { modelsByKey } from '../../manifest/declaration.js';
import type { LockedContent, PlannedModel } from '../../manifest/load-plan.js';
import type { Model } from '../../manifest/manifest.js';
import { sourceText } from '../../manifest/source-text.js';
import { declarationHash } from '../../ollama/declaration-hash.js';
import { refuseUnlocked } from '../../ollama/load-lock.js';
import type { LoadRecord } from '../../ollama/load-record.js';
import { lockedPlans, loadSteps } from '../../ollama/load-step.js';
import type { LoadReason, LoadStep, StoredModel } from '../../ollama/load-step.js';
import { ggufFile, model, planOf, registry } from '../support/load-plan.js';

const server = { name: 'main', container: 'test-main', url: 'http://127.0.0.1:1', models: [] };

function stepsOf(models: readonly Model[], tags: readonly StoredModel[] = [], record: LoadRecord = {}): LoadStep[] {
  return loadSteps(planOf(server, models), tags, record);
}

/** A pull from the Ollama library. */
const library = (name: string) => ({ name, host: 'registry.ollama.ai' });

/** The record as it stands after `one` was loaded with this digest. */
function recorded(one: Model, digest: string, others: readonly Model[] = []): LoadRecord {
  return { [one.name]: { declaration: declarationHash(one, modelsByKey([...others, one])), digest } };
}

describe('with a lock', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const other = `sha256:${'b'.repeat(64)}`;
  const weights = { kind: 'model', digest: other, bytes: 5 };

  /** `one` with the lock entry of its first source. */
  function locked(one: Model, changes: Partial<LockedContent> = {}, declared: readonly Model[] = []): PlannedModel {
    const [source] = one.from;
    if (source === undefined) throw new Error('a model has a source');
    const declaration = declarationHash(one, modelsByKey([...declared, one]));
    const pin = source.kind === 'registry' ? { digest } : {};
    return { ...one, locked: { declaration, source: sourceText(source), ...pin, layers: [weights], ...changes } };
  }

  const plain = model('qwen3:8b');
  const alias = model('chat:latest', { from: [registry('qwen3:8b')] });
  const derived = model('chat:latest', { from: [registry('qwen3:8b')], system: 'x' });
  const file = model('chat:latest', { from: [ggufFile('./x.gguf')] });
  const at = (name: string, found = digest): StoredModel => ({ name, digest: found.slice(7), size: 5 });
  /** The record of `one`, made from `source` and stored with `digest`. */
  const made = (one: Model, source: string, others: readonly Model[] = []): LoadRecord => {
    const stored = digest.slice(7);
    return { [one.name]: { ...recorded(one, stored, others)[one.name], digest: stored, source } };
  };

  it.each<[string, LoadReason | 'keep', PlannedModel, StoredModel[], LoadRecord]>([
    ['a plain model with the digest', 'keep', locked(plain), [at('qwen3:8b')], {}],
    ['a plain model with another', 'another digest than locked', locked(plain), [at('qwen3:8b', other)], {}],
    ['a plain model that is gone', 'missing', locked(plain), [], {}],
    ['another name with the digest', 'keep', locked(alias), [at('chat:latest')], {}],
    ['a stale entry is none', 'keep', locked(plain, { declaration: 'sha256:old' }), [at('qwen3:8b', other)], {}],
    ['an entry of another source is none', 'keep', locked(plain, { source: 'x' }), [at('qwen3:8b', other)], {}],
    ['a derived model without a record', 'declared anew', locked(derived), [at('chat:latest')], {}],
    ['a derived model of the locked base', 'keep', locked(derived), [at('chat:latest')], made(derived, digest)],
    [
      'a derived model of another base',
      'another digest than locked',
      locked(derived),
      [at('chat:latest')],
      made(derived, other),
    ],
    [
      'a derived model, changed by hand',
      'not as it was made',
      locked(derived),
      [at('chat:latest', other)],
      made(derived, digest),
    ],
    ['a model of the locked file', 'keep', locked(file), [at('chat:latest')], made(file, other)],
    ['a model of another file', 'another digest than locked', locked(file), [at('chat:latest')], made(file, digest)],
  ])('%s: %s', (_, reason, one, tags, record) => {
    const [step] = stepsOf([one], tags, record);
    expect(step?.action === 'load' ? step.reason : step?.action).toBe(reason);
  });

  it('leaves one source, and wants a base of the locked digest', () => {
    const several = locked(model('chat:latest', { from: [registry('qwen3:8b'), ggufFile('x')], system: 'x' }));
    const attempts = (tags: StoredModel[]) =>
      stepsOf([several], tags).map((step) => (step.action === 'load' ? step.attempts : step))[0];
    expect(attempts([])).toMatchObject([{ kind: 'registry', pull: library('qwen3:8b') }]);
    expect(attempts([at('qwen3:8b', other)])).toMatchObject([{ pull: library('qwen3:8b') }]);
    expect(attempts([at('qwen3:8b')])).not.toHaveProperty('0.pull');
  });

  it('of a base makes what is derived from it anew', () => {
    const chat = locked(derived, {}, [plain]);
    const steps = (entry: PlannedModel, tags: StoredModel[], source: string) =>
      stepsOf([entry, chat], tags, made(chat, source, [plain])).map(({ action }) => action);
    expect(steps(locked(plain), [at('qwen3:8b', other), at('chat:latest')], other)).toEqual(['load', 'load']);
    expect(steps(locked(plain), [at('chat:latest')], digest)).toEqual(['load', 'keep']);
  });

  it('that does not pin every model is refused when frozen, all of them named at once', () => {
    const plans = lockedPlans(planOf(server, [locked(plain), alias, locked(model('x:latest'), { source: 'y' })]));
    expect(plans.map(({ isStale }) => isStale)).toEqual([false, false, true]);
    expect(() => refuseUnlocked(plans)).toThrow(
      'the lock does not pin chat:latest (not in the lock), x:latest (declared anew since it was locked)',
    );
    expect(() => refuseUnlocked(plans.slice(0, 1))).not.toThrow();
  });
});

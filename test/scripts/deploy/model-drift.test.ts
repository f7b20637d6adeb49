import { expect, it } from 'vitest';
import { modelsByKey } from '../../../manifest/declaration.js';
import type { LoadPlan, PlannedModel } from '../../../manifest/load-plan.js';
import { modelNameKey } from '../../../manifest/model-ref.js';
import { declarationHash } from '../../../ollama/declaration-hash.js';
import type { StoreRecord } from '../../../ollama/load-record.js';
import { driftedStores, forgottenModels } from '../../../scripts/deploy/model-drift.js';
import { modelDemands } from '../../../scripts/deploy/model-demand.js';
import type { Presence } from '../../../scripts/deploy/presence.js';
import { model, planOf } from '../../support/load-plan.js';

const server = { name: 'main', container: 'p-main', url: 'http://127.0.0.1:1', models: [] };
const pulled = model('a:1');
const made = model('b:1', { parameters: { num_ctx: 512 } });
const hash = (one: PlannedModel): string => declarationHash(one, modelsByKey([one]));
const locked: PlannedModel = {
  ...pulled,
  locked: {
    declaration: hash(pulled),
    source: 'registry.ollama.ai/library/a:1',
    digest: 'sha256:as-locked',
    layers: [{ kind: 'model', digest: 'sha256:w', bytes: 1 }],
  },
};
const record: StoreRecord = {
  models: { 'b:1': { declaration: hash(made), digest: 'made' }, 'old:1': { declaration: 'x', digest: 'old' } },
  rates: {},
};
const plan = (models: readonly PlannedModel[], changes: Partial<LoadPlan> = {}) => planOf(server, models, changes);
const answers = (stored: Record<string, string>, loaded?: string[]): Presence => ({
  state: 'answers',
  models: Object.entries(stored).map(([name, digest]) => ({ name, digest, size: 1 })),
  ...(loaded && { loaded: new Set(loaded.map(modelNameKey)) }),
});

it.each<[string, LoadPlan, Presence, boolean]>([
  ['a pulled model is there', plan([pulled]), answers({ 'a:1': 'any' }), false],
  ['Ollama writes its name in other letters', plan([pulled]), answers({ 'A:1': 'any' }), false],
  ['a model is missing', plan([pulled]), answers({ 'a:2': 'any' }), true],
  ['a locked model is as locked', plan([locked]), answers({ 'a:1': 'as-locked' }), false],
  ['a locked model was pulled anew', plan([locked]), answers({ 'a:1': 'other' }), true],
  ['a made model is as it was made', plan([made]), answers({ 'b:1': 'made' }), false],
  ['a made model was made anew', plan([made]), answers({ 'b:1': 'other' }), true],
  [
    'there is something to prune',
    plan([pulled], { prune: { keep: [] } }),
    answers({ 'a:1': 'x', 'old:1': 'old' }),
    true,
  ],
  [
    'what could be pruned is kept',
    plan([pulled], { prune: { keep: ['old:*'] } }),
    answers({ 'a:1': 'x', 'old:1': 'old' }),
    false,
  ],
  [
    'a held model is in memory',
    plan([{ ...pulled, preload: { keepAlive: '-1' } }]),
    answers({ 'a:1': 'x' }, ['A:1']),
    false,
  ],
  [
    'a held model is not in memory',
    plan([{ ...pulled, preload: { keepAlive: '-1' } }]),
    answers({ 'a:1': 'x' }, []),
    true,
  ],
  [
    'a model that is held for a while is not',
    plan([{ ...pulled, preload: { keepAlive: '5m' } }]),
    answers({ 'a:1': 'x' }),
    false,
  ],
  ['nobody answers', plan([pulled]), { state: 'silent', reason: 'refused' }, false],
])('driftedStores when %s', (_case, one, presence, drifted) => {
  const found = driftedStores([one], new Map([['main', presence]]), new Map([[one.store, record]]));
  expect([...found]).toEqual(drifted ? [one.store] : []);
});

it('forgottenModels names the server that lacks the model, and no other', () => {
  const held = { ...pulled, preload: { keepAlive: '-1' } };
  const servers = [
    { ...server, models: ['a:1'] },
    { ...server, name: 'second', models: ['a:1'] },
  ];
  const found = new Map([
    ['main', answers({ 'a:1': 'x' }, ['a:1'])],
    ['second', answers({ 'a:1': 'x' }, [])],
  ]);
  expect(forgottenModels({ ...plan([held]), servers }, found)).toEqual([{ model: 'a:1', server: 'second' }]);
});

it.each<[string, PlannedModel, string, string]>([
  ['a locked model', locked, 'as-locked', 'as locked'],
  ['a locked model with other bytes', locked, 'other', 'differs'],
  ['a made model', made, 'made', 'as recorded'],
  ['a made model that was made anew', made, 'other', 'differs'],
  ['a pulled model that nothing pins', pulled, 'other', 'unpinned'],
])('modelDemands tells the digest of %s', (_case, one, digest, word) => {
  expect(modelDemands(plan([one]), [{ name: one.name, digest, size: 1 }], record)).toEqual([
    { name: one.name, digest: word, held: false },
  ]);
});

import { expect, it } from 'vitest';
import type { LoadPlan } from '../../manifest/load-plan.js';
import type { Model } from '../../manifest/manifest.js';
import type { LoadRecord } from '../../ollama/load-record.js';
import { pruneChoice, pruneList } from '../../ollama/prune.js';
import { model, planOf, registry } from '../support/load-plan.js';

const server = { name: 'main', container: 'test-main', url: 'http://127.0.0.1:1', models: [] };
const ours: LoadRecord = { 'gemma3:latest': { declaration: 'sha256:d', digest: 'aaaa' } };

/** With `prune`, unless `changes` say otherwise. */
function choice(models: readonly Model[], changes: Partial<LoadPlan> = {}, record = ours, digest = 'aaaa') {
  const tags = [...Object.keys(record), 'foreign:latest'].map((name) => ({ name, digest, size: 5 }));
  return pruneChoice(planOf(server, models, { prune: { keep: [] }, ...changes }), tags, record);
}

const removed = { remove: ['gemma3:latest'], changed: [] };
const nothing = { remove: [], changed: [] };

it.each<[string, object, readonly Model[], Partial<LoadPlan>]>([
  ['what nothing declares goes, and nobody else’s', removed, [], {}],
  ['a declared one stays', nothing, [model('gemma3:latest')], {}],
  ['a declared one stays, whatever its case', nothing, [model('Gemma3:Latest')], {}],
  ['another tag is another model', removed, [model('gemma3:27b')], {}],
  ['a base stays', nothing, [model('chat:latest', { from: [registry('gemma3')], system: 'x' })], {}],
  ['a name is kept', nothing, [], { prune: { keep: ['gemma3'] } }],
  ['another name is not', removed, [], { prune: { keep: ['gemma3:27b', 'gemma', 'emma3:*'] } }],
  ['a pattern keeps', nothing, [], { prune: { keep: ['gemma*'] } }],
  ['a pattern keeps by tag', nothing, [], { prune: { keep: ['*:latest'] } }],
  ['other characters mean themselves', removed, [], { prune: { keep: ['g.mma3*', 'gemma3?*'] } }],
])('%s', (_, expected, models, changes) => {
  expect(choice(models, changes)).toEqual(expected);
});

it('keeps bases under the name of the mirror, too', () => {
  const record: LoadRecord = { 'm.example/library/gemma3:latest': { digest: 'aaaa' } };
  const chat = model('chat:latest', { from: [registry('gemma3')], system: 'x' });
  expect(choice([chat], { mirror: 'm.example' }, record)).toEqual(nothing);
  expect(choice([chat], {}, record).remove).toEqual(['m.example/library/gemma3:latest']);
});

it('leaves what somebody changed, and what is gone', () => {
  expect(choice([], {}, ours, 'bbbb')).toEqual({ remove: [], changed: ['gemma3:latest'] });
  expect(pruneList(planOf(server, [], { prune: { keep: [] } }), [], ours)).toEqual([]);
});

it('removes nothing that was not asked for', () => {
  const tags = [{ name: 'gemma3:latest', digest: 'aaaa', size: 5 }];
  expect(pruneList(planOf(server, []), tags, ours)).toEqual([]);
  expect(pruneList(planOf(server, [], { prune: { keep: [] } }), tags, ours)).toEqual(['gemma3:latest']);
});

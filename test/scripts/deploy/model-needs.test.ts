import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { modelsByKey } from '../../../manifest/declaration.js';
import type { LoadPlan, PlannedModel } from '../../../manifest/load-plan.js';
import { formatModelRef } from '../../../manifest/model-ref.js';
import { declarationHash } from '../../../ollama/declaration-hash.js';
import { storeChange } from '../../../scripts/deploy/model-drift.js';
import { modelNeeds, type SizeSources } from '../../../scripts/deploy/model-needs.js';
import { ggufFile, model, planOf, registry } from '../../support/load-plan.js';

const root = mkdtempSync(path.join(tmpdir(), 'ollama-stacks-needs-'));
afterAll(() => rmSync(root, { recursive: true }));
writeFileSync(path.join(root, 'a.gguf'), 'x'.repeat(70));

const server = { name: 'main', container: 'p-main', url: 'http://127.0.0.1:1', models: [] };
const content = {
  models: [{ name: 'base:1', digest: 'sha256:b', layers: [{ mediaType: 'm', digest: 'sha256:bl', size: 9 }] }],
  blobs: new Map([['sha256:bl', 9]]),
  free: 100,
};
const layer = (digest: string, size: number) => ({ mediaType: 'm', digest, size });
const answering: SizeSources['ask'] = async (ref) => {
  if (ref.model === 'gone') throw new Error(`no ${formatModelRef(ref)}`);
  return { digest: 'sha256:m', config: layer('sha256:c', 1), layers: [layer('sha256:l', 4)] };
};
const lock = (one: PlannedModel): PlannedModel => ({
  ...one,
  locked: {
    declaration: declarationHash(one, modelsByKey([one])),
    source: 'registry.ollama.ai/library/a:1',
    digest: 'sha256:x',
    layers: [{ kind: 'model', digest: 'sha256:w', bytes: 3 }],
  },
});

/** What the last of `models` needs. */
async function needOf(models: PlannedModel[], ask: SizeSources['ask'] | undefined, changes: Partial<LoadPlan> = {}) {
  const stored = [{ name: 'base:1', digest: 'b', size: 9 }];
  const change = storeChange(planOf(server, models, changes), stored, { models: {}, rates: {} });
  return (await modelNeeds(change, { content, stored }, { root, ...(ask && { ask }) })).at(-1);
}

it.each<[string, PlannedModel[], object]>([
  [
    'the lock, without asking',
    [lock(model('a:1'))],
    { layers: [{ digest: 'sha256:w', bytes: 3 }], host: 'registry.ollama.ai' },
  ],
  [
    'the registry',
    [model('a:1')],
    { layers: [{ bytes: 1 }, { bytes: 4 }], host: 'registry.ollama.ai', reason: 'missing' },
  ],
  ['the next source of `from`', [model('a:1', { from: [registry('gone:1'), registry('a:1')] })], { layers: [{}, {}] }],
  [
    'a base in the store',
    [model('a:1', { from: [registry('base:1')] })],
    { source: 'base:1', layers: [{ digest: 'sha256:bl', bytes: 9 }] },
  ],
  [
    'a declared base that comes with it',
    [lock(model('a:1')), model('b:1', { from: [registry('a:1')], system: 'Be kind.' })],
    { layers: [{ digest: 'sha256:w', bytes: 3 }], host: 'registry.ollama.ai' },
  ],
  [
    'a file',
    [model('a:1', { from: [ggufFile('a.gguf', 'ff')] })],
    { layers: [{ digest: 'sha256:ff', bytes: 70 }], uploaded: true },
  ],
  [
    'nobody',
    [model('a:1', { from: [registry('gone:1')] })],
    { unknown: 'no gone:1', source: 'registry.ollama.ai/library/gone:1' },
  ],
  ['no file', [model('a:1', { from: [ggufFile('b.gguf')] })], { unknown: 'there is no file b.gguf' }],
])('modelNeeds takes the size from %s', async (_case, models, expected) => {
  expect(await needOf(models, answering)).toMatchObject({ action: 'load', present: false, ...expected });
});

it('modelNeeds asks nobody where nobody is to be asked', async () => {
  expect(await needOf([model('a:1')], undefined)).toMatchObject({ unknown: expect.stringContaining('npm run lock') });
});

it('modelNeeds names the mirror as the host that the bytes come from', async () => {
  expect(await needOf([model('a:1')], answering, { mirror: 'mirror.example:5000' })).toMatchObject({
    host: 'mirror.example:5000',
  });
});

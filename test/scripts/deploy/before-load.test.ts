import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelsByKey } from '../../../manifest/declaration.js';
import type { LoadPlan, PlannedModel } from '../../../manifest/load-plan.js';
import { declarationHash } from '../../../ollama/declaration-hash.js';
import { recordFileName } from '../../../ollama/load-record.js';
import { OllamaServer } from '../../../ollama/server.js';
import { writeStoreFile } from '../../../ollama/store-container.js';
import { checkLoads, type LoadQuestion } from '../../../scripts/deploy/before-load.js';
import type { Presence } from '../../../scripts/deploy/presence.js';
import { lookIntoStores } from '../../../scripts/deploy/store-look.js';
import { writeSyntheticGguf } from '../../fixtures/gguf/synthetic-gguf.js';
import { model, planOf } from '../../support/load-plan.js';
import { docker } from '../../support/project.js';
import { startOllama, type TestServer } from '../../support/ollama-server.js';
import { validManifest, validServer } from '../valid-manifest.js';

const image = process.env.OLLAMA_STACKS_TEST_IMAGE ?? 'ollama-stacks/ollama:0.34.0-cpu';
const piece = { version: '', source: '' };
const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';

const locked = (bytes: number): PlannedModel => {
  const one = model('new:1');
  const layers = [{ kind: 'model', digest: `sha256:${'0'.repeat(64)}`, bytes }];
  const declaration = declarationHash(one, modelsByKey([one]));
  return { ...one, locked: { declaration, source: 'registry.ollama.ai/library/new:1', digest: 'sha256:m', layers } };
};

/** What `up` and `plan` find in a real store, and what they refuse. */
describe('a store with one model that this project loaded', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ollama-stacks-look-'));
  let server: TestServer;
  let presence: Presence;

  beforeAll(async () => {
    server = await startOllama();
    const file = writeSyntheticGguf(path.join(folder, 'a.gguf'));
    await docker('cp', file, `${server.container}:/root/.ollama/a.gguf`);
    const sum = (await docker('exec', server.container, 'sha256sum', '/root/.ollama/a.gguf')).split(' ')[0] ?? '';
    const blobs = '/root/.ollama/models/blobs';
    const place = `mkdir -p ${blobs} && mv /root/.ollama/a.gguf ${blobs}/sha256-${sum}`;
    await docker('exec', server.container, 'sh', '-c', place);
    const client = new OllamaServer(server.url);
    for await (const line of client.create({ model: 'old:1', files: { 'a.gguf': `sha256:${sum}` } })) void line;
    const tags = await client.tags();
    presence = { state: 'answers', models: tags };
    const models = { 'old:1': { declaration: 'sha256:d', digest: tags[0]?.digest } };
    await writeStoreFile(server.container, recordFileName, JSON.stringify({ models, rates: { 'hf.co': 5 } }));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await server?.remove();
  });

  const planFor = (models: readonly PlannedModel[], changes: Partial<LoadPlan> = {}): LoadPlan =>
    planOf(server, models, { store: server.container, ...changes });
  const question = (plan: LoadPlan, changes: Partial<LoadQuestion> = {}): LoadQuestion => ({
    manifest: { ...validManifest, servers: [{ ...validServer, store: plan.store, image }] },
    plans: [plan],
    resolved: { engine: { ...piece, host }, terraform: { ...piece, path: '' }, provider: piece, images: {} },
    answers: new Map([['main', presence]]),
    records: new Map(),
    frozen: false,
    yes: false,
    ...changes,
  });
  it.each<[string, (plan: LoadPlan) => LoadQuestion]>([
    ['its server', (plan) => question(plan)],
    ['a container for just this', (plan) => question(plan, { answers: new Map() })],
  ])('is looked into through %s', async (_case, ask) => {
    const plan = planFor([model('new:1')], { prune: { keep: [] } });
    const [look] = await lookIntoStores([plan], ask(plan));
    expect(look).toMatchObject({
      disk: 'engine',
      stored: [{ name: 'old:1', digest: presence.state === 'answers' ? presence.models[0]?.digest : '' }],
      record: { rates: { 'hf.co': 5 } },
      steps: [{ action: 'load', reason: 'missing' }],
      prune: ['old:1'],
    });
    expect(look?.content?.free).toBeGreaterThan(0);
  });

  it('a store that does not exist is empty, has the room of its engine, and is not made', async () => {
    const plan = planFor([model('new:1')], { store: `${server.container}-none` });
    const [look] = await lookIntoStores([plan], question(plan, { answers: new Map() }));
    expect(look).toMatchObject({ disk: 'engine', stored: [], content: { models: [] } });
    expect(look?.content?.free).toBeGreaterThan(0);
    expect(await docker('volume', 'ls', '-q', '--filter', `name=${plan.store}`)).toBe('');
  });

  it('says why when the engine cannot be asked', async () => {
    const plan = planFor([model('new:1')]);
    const asked = question(plan);
    const images = { [image]: { ...piece, reference: 'ollama-stacks/none:none' } };
    const [look] = await lookIntoStores([plan], {
      ...asked,
      answers: new Map(),
      resolved: { ...asked.resolved, images },
    });
    expect(look).toMatchObject({ unreadable: expect.stringMatching(/npm run setup/), stored: [] });
  });

  it.each<[string, PlannedModel[], Partial<LoadPlan>, RegExp]>([
    ['models that the disk has not the room for', [locked(1e15)], {}, /has not the room: 1000 TB to write/],
    ['a prune of everything', [], { prune: { keep: [] } }, /`prune` would remove old:1 from/],
  ])('refuses %s', async (_case, models, changes, message) => {
    await expect(checkLoads(question(planFor(models, changes)))).rejects.toThrow(message);
  });

  it.each<[string, PlannedModel[], Partial<LoadPlan>, Partial<LoadQuestion>, boolean]>([
    ['what fits', [locked(1e6)], {}, {}, false],
    ['a prune of everything when that is meant', [], { prune: { keep: [] } }, { yes: true }, true],
    ['an empty list of models without prune', [], {}, {}, false],
    ['an empty list that keeps everything', [], { prune: { keep: ['*'] } }, {}, false],
  ])('lets %s pass', async (_case, models, changes, more, yes) => {
    expect(await checkLoads(question(planFor(models, changes), more))).toBe(yes);
  });
});

import { expect, it } from 'vitest';
import type { Model } from '../../../manifest/manifest.js';
import { addressesToRepeat, askPresence, type Presence, storedModels } from '../../../scripts/deploy/presence.js';
import type { ResourceLabel } from '../../../scripts/deploy/synthesized-stack.js';
import { httpDouble } from '../../support/http-double.js';
import { validManifest, validServer } from '../valid-manifest.js';

const labels = new Map<string, ResourceLabel>([
  ['terraform_data.loader', { kind: 'models', name: 'scr1-models' }],
  ['terraform_data.store', { kind: 'volume', name: 'scr1-models' }],
  ['terraform_data.loader-other', { kind: 'models', name: 'other' }],
  ['docker_container.main', { kind: 'server', name: 'main' }],
]);
const answers: Presence = { state: 'answers', models: [] };
const silent: Presence = { state: 'silent', reason: 'refused' };

it.each<[string, Presence, string[], string[]]>([
  ['nothing drifted', answers, [], []],
  ['its store drifted', answers, ['scr1-models'], ['terraform_data.loader']],
  ['the server is silent', silent, [], ['terraform_data.loader', 'terraform_data.store']],
])('addressesToRepeat when %s', (_case, presence, drifted, expected) => {
  expect(addressesToRepeat(validManifest, new Map([['main', presence]]), labels, new Set(drifted))).toEqual(expected);
});

it('askPresence takes a closed port for silence', async () => {
  const manifest = { ...validManifest, servers: [{ ...validServer, port: 1 }] };
  const found = await askPresence(manifest);
  expect(found.get('main')).toMatchObject({ state: 'silent' });
  expect(storedModels(manifest.servers, found)).toBeUndefined();
});

it.each<[string, Model['preload'], string[]]>([
  ['no model is held in memory', undefined, ['/api/tags']],
  ['a model is held for a while', { keepAlive: '5m' }, ['/api/tags']],
  ['a model is held for ever', { keepAlive: '-1' }, ['/api/ps', '/api/tags']],
])('askPresence asks a server only what matters when %s', async (_case, preload, expected) => {
  const asked: string[] = [];
  const stored = { name: 'smollm2:135m', digest: 'abc', size: 1 };
  await using server = await httpDouble((request, response) => {
    asked.push(request.url ?? '');
    response.end(JSON.stringify({ models: [stored] }));
  });
  const models = validManifest.models.map((model) => ({ ...model, ...(preload && { preload }) }));
  const manifest = { ...validManifest, models, servers: [{ ...validServer, port: Number(new URL(server.url).port) }] };
  const found = await askPresence(manifest);
  expect(storedModels(manifest.servers, found)).toEqual([stored]);
  expect(asked.toSorted()).toEqual(expected);
});

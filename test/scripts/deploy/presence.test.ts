import { expect, it } from 'vitest';
import { modelNameKey } from '../../../manifest/model-ref.js';
import { addressesToRepeat, askPresence, type Presence } from '../../../scripts/deploy/presence.js';
import type { ResourceLabel } from '../../../scripts/deploy/synthesized-stack.js';
import { validManifest, validServer } from '../valid-manifest.js';

const labels = new Map<string, ResourceLabel>([
  ['terraform_data.loader', { kind: 'models', name: 'scr1-models' }],
  ['terraform_data.store', { kind: 'volume', name: 'scr1-models' }],
  ['terraform_data.loader-other', { kind: 'models', name: 'other' }],
  ['docker_container.main', { kind: 'server', name: 'main' }],
]);
const answers = (...models: string[]): Presence => ({ state: 'answers', models: new Set(models.map(modelNameKey)) });

it.each<[string, Presence, string[]]>([
  ['every model is there', answers('smollm2:135m'), []],
  ['Ollama writes the name in other letters', answers('SmolLM2:135M'), []],
  ['a model vanished', answers('other:latest'), ['terraform_data.loader']],
  ['the server is silent', { state: 'silent', reason: 'refused' }, ['terraform_data.loader', 'terraform_data.store']],
])('addressesToRepeat when %s', (_case, presence, expected) => {
  expect(addressesToRepeat(validManifest, new Map([['main', presence]]), labels)).toEqual(expected);
});

it('askPresence takes a closed port for silence', async () => {
  const manifest = { ...validManifest, servers: [{ ...validServer, port: 1 }] };
  expect((await askPresence(manifest)).get('main')).toMatchObject({ state: 'silent' });
});

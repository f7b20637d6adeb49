import { expect, it } from 'vitest';
import { parseManifest } from '../../../manifest/parse.js';
import type { ResourceLabel } from '../../../scripts/deploy/synthesized-stack.js';
import type { TerraformEvent } from '../../../scripts/deploy/terraform-event.js';
import { warmUps } from '../../../scripts/deploy/warm-up.js';

const { manifest } = parseManifest(
  `servers: { a: { port: 1111 }, b: { port: 2222, models: [second] } }\nmodels: { first: {}, second: {} }`,
  { env: {} },
);
const labels = new Map<string, ResourceLabel>([
  ['docker_container.a', { kind: 'server', name: 'a' }],
  ['terraform_data.loader', { kind: 'models', name: 'ollama-models' }],
]);
const done = (address: string): TerraformEvent => ({ type: 'done', address, action: 'create', seconds: 1 });
const loaded = (model: string, action: 'pulled' | 'present'): TerraformEvent => ({
  type: 'load',
  address: 'terraform_data.loader',
  event: { type: 'loaded', model, action, digest: '', bytes: 1, ms: 1 },
});

it.each<[string, TerraformEvent, string[]]>([
  ['a server that was started', done('docker_container.a'), ['a first:latest']],
  ['a model that was pulled', loaded('first:latest', 'pulled'), ['a first:latest']],
  ['the first model of another server', loaded('second:latest', 'pulled'), ['b second:latest']],
  ['a model that nobody tests first', loaded('other:latest', 'pulled'), []],
  ['a model that was there when its server started', loaded('first:latest', 'present'), []],
  ['a loader that ended', done('terraform_data.loader'), []],
  ['something said', { type: 'output', address: 'docker_container.a', text: 'done' }, []],
])('%s', (_name, event, wanted) => {
  expect(warmUps(manifest!, labels, event).map(({ server, model }) => `${server.name} ${model}`)).toEqual(wanted);
});

import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Resolved } from '../../manifest/resolved.js';
import { probe } from '../../toolchain/probe.js';
import { mirrorConfiguration, mirrorFiles } from '../../toolchain/provider-mirror.js';
import { writeResolved } from '../../toolchain/resolved.js';
import { engineAnswers, engineDouble } from './engine-double.js';
import { resolvedExample } from './resolved-example.js';
import { temporaryWorkshop } from './workshop-fixture.js';

const image = 'ollama/ollama:0.34.0';

/** A project whose toolchain is whole, on an engine that holds the image. */
async function setUp(directory: string, host: string): Promise<Resolved> {
  const mirror = path.join(directory, 'mirror');
  const [file = ''] = mirrorFiles(mirror);
  await mkdir(path.dirname(file), { recursive: true });
  const cliConfig = path.join(directory, 'terraform.rc');
  const terraform = path.join(directory, 'terraform');
  await Promise.all([writeFile(file, ''), writeFile(terraform, ''), writeFile(cliConfig, mirrorConfiguration(mirror))]);
  const base = resolvedExample();
  const resolved: Resolved = {
    ...base,
    engine: { ...base.engine, host },
    terraform: { ...base.terraform, path: terraform },
    provider: { ...base.provider, cliConfig },
  };
  await writeResolved(directory, resolved);
  return resolved;
}

it('returns what was settled on while all of it stands, in a few milliseconds', async () => {
  await using engine = await engineDouble(engineAnswers('20.10.24', [image]));
  await using workshop = await temporaryWorkshop();
  const resolved = await setUp(workshop.cache, engine.host);
  const begin = performance.now();
  expect(await probe(workshop.cache, [image], { DOCKER_HOST: engine.host })).toEqual(resolved);
  expect(performance.now() - begin).toBeLessThan(100);
});

it.each<[string, { images?: string[]; env?: NodeJS.ProcessEnv; gone?: string }]>([
  ['another image is asked for', { images: [image, 'ollama/ollama:0.24.0'] }],
  ['another engine is named', { env: { DOCKER_HOST: 'unix:///nonexistent.sock' } }],
  ['another Terraform is named', { env: { TERRAFORM_BINARY_NAME: 'tofu' } }],
  ['a mirror is named', { env: { OLLAMA_STACKS_PROVIDER_MIRROR: '/mirror' } }],
  ['Terraform is gone', { gone: 'terraform' }],
  ['the provider is gone', { gone: 'mirror' }],
  ['its configuration is gone', { gone: 'terraform.rc' }],
  ['nothing was settled on', { gone: '.toolchain' }],
])('looks again when %s', async (_, { images = [image], env = {}, gone }) => {
  await using engine = await engineDouble(engineAnswers('20.10.24', [image]));
  await using workshop = await temporaryWorkshop();
  await setUp(workshop.cache, engine.host);
  if (gone) await rm(path.join(workshop.cache, gone), { recursive: true });
  expect(await probe(workshop.cache, images, { DOCKER_HOST: engine.host, ...env })).toBeUndefined();
});

it.each([
  ['holds', [image, 'grafana@sha256:1'], true],
  ['has lost', [image], false],
])('an optional image that was found and that the engine %s', async (_, held, stands) => {
  await using engine = await engineDouble(engineAnswers('20.10.24', held));
  await using workshop = await temporaryWorkshop();
  const base = await setUp(workshop.cache, engine.host);
  const grafana = { version: 'grafana 11', source: 'pulled', reference: 'grafana@sha256:1' };
  const resolved = { ...base, images: { ...base.images, 'grafana:11': grafana } };
  await writeResolved(workshop.cache, resolved);
  const found = await probe(workshop.cache, [image], { DOCKER_HOST: engine.host }, ['grafana:11']);
  expect(found).toEqual(stands ? resolved : undefined);
});

it('looks again when the engine has lost the image, or is gone', async () => {
  await using workshop = await temporaryWorkshop();
  const engine = await engineDouble(engineAnswers('20.10.24'));
  await setUp(workshop.cache, engine.host);
  expect(await probe(workshop.cache, [image], { DOCKER_HOST: engine.host })).toBeUndefined();
  await engine[Symbol.asyncDispose]();
  expect(await probe(workshop.cache, [image], { DOCKER_HOST: engine.host })).toBeUndefined();
});

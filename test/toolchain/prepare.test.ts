import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { mirrorFiles } from '../../toolchain/provider-mirror.js';
import { probe } from '../../toolchain/probe.js';
import { prepare } from '../../toolchain/prepare.js';
import type { Reporter } from '../../toolchain/reporter.js';
import { readResolved } from '../../toolchain/resolved.js';
import { engineAnswers, engineDouble } from './engine-double.js';
import { repository, temporaryWorkshop } from './workshop-fixture.js';

/** Remembers what it was told. */
class Recorder implements Reporter {
  readonly told: string[] = [];
  start = (piece: string): void => void this.told.push(`${piece} starts`);
  progress = (): void => undefined;
  done = (piece: string, { version, source }: { version: string; source: string }): void =>
    void this.told.push(`${piece}: ${version}, ${source}`);
  confirm = (): Promise<boolean> => Promise.reject(new Error('nobody may be asked'));
}

/** An environment in which every piece is there: an engine, a Terraform, a mirror. */
async function wholeEnvironment(directory: string, host: string): Promise<NodeJS.ProcessEnv> {
  const mirror = path.join(directory, 'mirror');
  const [file = ''] = mirrorFiles(mirror);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '');
  const terraform = path.join(directory, 'terraform');
  await writeFile(terraform, '#!/bin/sh\necho "Terraform v1.11.4"\n', { mode: 0o755 });
  return {
    PATH: process.env.PATH,
    XDG_CACHE_HOME: directory,
    DOCKER_HOST: host,
    OLLAMA_STACKS_HOME: repository,
    OLLAMA_STACKS_PROVIDER_MIRROR: mirror,
    TERRAFORM_BINARY_NAME: terraform,
  };
}

const image = 'ollama/ollama:0.34.0';

it('tells of every piece, and records what it settled on', async () => {
  await using engine = await engineDouble(engineAnswers('20.10.24', [image]));
  await using workshop = await temporaryWorkshop();
  const env = await wholeEnvironment(workshop.cache, engine.host);
  const reporter = new Recorder();
  const resolved = await prepare({ images: [], cwd: workshop.cache, reporter, interactive: false, env });
  expect(reporter.told).toEqual(
    expect.arrayContaining([
      'engine starts',
      'engine: Docker 20.10.24, found',
      'terraform: 1.11.4, found',
      `provider: kreuzwerker/docker 4.6.0, mirror ${workshop.cache}/mirror`,
    ]),
  );
  expect(await readResolved(workshop.cache)).toEqual(resolved);
});

it('the first failure ends the rest, and records nothing', async () => {
  await using engine = await engineDouble(engineAnswers('20.10.24'));
  await using workshop = await temporaryWorkshop();
  const env = {
    ...(await wholeEnvironment(workshop.cache, engine.host)),
    OLLAMA_STACKS_PROVIDER_MIRROR: '/nonexistent',
  };
  const running = prepare({ images: [], cwd: workshop.cache, reporter: new Recorder(), interactive: false, env });
  await expect(running).rejects.toMatchObject({ code: 'provider-mirror' });
  expect(await readResolved(workshop.cache)).toBeUndefined();
});

it('does without an optional image that is not to be had, and records that', async () => {
  const answers = engineAnswers('20.10.24');
  await using engine = await engineDouble((request, response) => {
    if (!request.url?.endsWith('/info')) return answers(request, response);
    // without mirrors and proxies, so that it reaches no other registry than this machine
    response.setHeader('content-type', 'application/json').end('{"ID":"double","RegistryConfig":{"Mirrors":[]}}');
  });
  await using workshop = await temporaryWorkshop();
  const env = await wholeEnvironment(workshop.cache, engine.host);
  const reporter = new Recorder();
  const grafana = 'registry.invalid/grafana/grafana:11.6.1';
  const request = { images: [], optionalImages: [grafana], cwd: workshop.cache, reporter, interactive: false, env };
  const resolved = await prepare(request);
  expect(resolved).toMatchObject({ images: {}, leftOut: [grafana] });
  expect(reporter.told).toContain('image: grafana 11.6.1, left out (no registry answered)');
  expect(await probe(workshop.cache, [], env, [grafana])).toEqual(resolved);
  expect(await probe(workshop.cache, [], env, ['registry.invalid/grafana/grafana:12'])).toBeUndefined();
});

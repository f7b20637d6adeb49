import { describe, expect, it } from 'vitest';
import { interrupted } from '../../toolchain/command.js';
import { buildableVersion, prepareImage, prepareOptionalImage, registryUrl } from '../../toolchain/image.js';
import { temporaryWorkshop } from './workshop-fixture.js';

it.each([
  ['ollama/ollama:0.34.0', 'https://registry-1.docker.io/v2/'],
  ['alpine', 'https://registry-1.docker.io/v2/'],
  ['docker.io/ollama/ollama:0.34.0', 'https://registry-1.docker.io/v2/'],
  ['registry.example/team/ollama:1', 'https://registry.example/v2/'],
  ['localhost:5000/ollama:1', 'http://localhost:5000/v2/'],
])('registry of %s', (declared, url) => {
  expect(registryUrl(declared)).toBe(url);
});

describe('buildableVersion', () => {
  it.each([
    ['ollama/ollama:0.34.0', '0.34.0'],
    ['docker.io/ollama/ollama:0.24.0', '0.24.0'],
    ['ollama/ollama:0.34.0-rocm', '0.34.0'],
  ])('%s: %s', (declared, version) => {
    expect(buildableVersion(declared)).toBe(version);
  });

  it.each([
    'ollama/ollama:latest',
    'ollama/ollama:0.34.0-rc1',
    'registry.example/ollama:0.34.0',
    `ollama/ollama:0.34.0@sha256:${'0'.repeat(64)}`,
    'alpine:3.20',
  ])('%s cannot be built', (declared) => {
    expect(() => buildableVersion(declared)).toThrow(
      expect.objectContaining({ code: 'image-unreachable', next: expect.stringContaining('OLLAMA_STACKS_IMAGE_TAR') }),
    );
  });
});

const engine = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';

it('an image that the engine does not hold and whose registry is not there says what can be done', async () => {
  await using workshop = await temporaryWorkshop();
  await expect(prepareImage(workshop, engine, 'registry.invalid/ollama/ollama:9.9.9')).rejects.toMatchObject({
    code: 'image-unreachable',
  });
});

it('a named tar that is not there says so', async () => {
  await using workshop = await temporaryWorkshop({
    env: { ...process.env, OLLAMA_STACKS_IMAGE_TAR: '/nonexistent.tar' },
  });
  await expect(prepareImage(workshop, engine, 'registry.invalid/ollama:9.9.9')).rejects.toMatchObject({
    code: 'image-tar',
    message: 'OLLAMA_STACKS_IMAGE_TAR names /nonexistent.tar, which does not exist',
  });
});

it('the tar of Ollama is not taken for another image, which can be given by docker load', async () => {
  await using workshop = await temporaryWorkshop({
    env: { ...process.env, OLLAMA_STACKS_IMAGE_TAR: '/nonexistent.tar' },
  });
  await expect(prepareImage(workshop, engine, 'registry.invalid/haproxy:2.6')).rejects.toMatchObject({
    code: 'image-unreachable',
    next: expect.stringContaining('docker load'),
  });
});

it('an optional image that is not to be had is left out, and says why', async () => {
  await using workshop = await temporaryWorkshop();
  expect(await prepareOptionalImage(workshop, engine, 'registry.invalid/grafana/grafana:11.6.1')).toEqual({
    version: 'grafana 11.6.1',
    source: 'left out (no registry answered)',
  });
});

it('an interrupted look for an optional image is not taken for its absence', async () => {
  const signal = AbortSignal.abort(interrupted());
  await using workshop = await temporaryWorkshop({ signal });
  await expect(prepareOptionalImage(workshop, engine, 'registry.invalid/grafana:1')).rejects.toMatchObject({
    code: 'interrupted',
  });
});

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCertificate } from '../support/test-certificate.js';
import { constructOf, only, parse, resources, synthesized, text, watched, type Resource } from './gateway-synthesis.js';
import { containerOf, readManifest, synthesizeIn } from './synthesis.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'ollama-stacks-gateway-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function isFirst([, { lifecycle }]: [string, Resource]): boolean {
  return (lifecycle as { create_before_destroy?: boolean } | undefined)?.create_before_destroy === true;
}

describe('the order of things', () => {
  it('every successor comes first, but for what has ports that cannot be had twice', () => {
    const { json } = synthesized(parse(watched));
    const others = resources(json).filter((one) => !isFirst(one));
    // Terraform forces it on the network and the stores, which are never replaced.
    expect(others.map(([address]) => constructOf(address))).toEqual([
      'docker_container.gateway',
      'docker_container.observers_Prometheus',
      'terraform_data.network',
      'terraform_data.observers_store',
      'terraform_data.store-p-models',
    ]);
  });

  it('nothing depends on the gateway and what observes it', () => {
    const { json } = synthesized(parse(watched));
    const whole = JSON.stringify(resources(json).map(([, resource]) => resource));
    expect(whole).toContain('docker_container.gapless-server-main-0_');
    expect(whole).not.toMatch(/docker_container\.(gateway|observers)_/);
  });

  it('verbs are told the containers of their servers, which nobody knows before', () => {
    const { json, plan, load } = synthesized(parse(text));
    expect(containerOf(json, 'main-0')['name']).toBe('p-main-0-${substr(uuid(), 0, 8)}');
    for (const name of ['terraform_data.gapless-loader-p-models', 'terraform_data.rollout']) {
      expect(JSON.stringify(only(json, name))).toMatch(
        /"OLLAMA_STACKS_CONTAINERS":"\{\\"main-0\\":\\"\$\{docker_container\.gapless-server-main-0_\w+\.name\}\\",/,
      );
    }
    expect(plan.pools[0]?.servers.map(({ container }) => container)).toEqual(['p-main-0', 'p-main-1', 'p-local']);
    expect(load.servers.map(({ url }) => url)).toEqual([
      'docker://p-main-0',
      'docker://p-main-1',
      'http://127.0.0.1:1',
    ]);
  });
});

it('is where every client goes', () => {
  const { json } = synthesized(parse(watched));
  const urls = { url: 'https://127.0.0.1:11443', openai_url: 'https://127.0.0.1:11443/v1' };
  expect(json.output['gateway']?.value).toEqual({
    ...urls,
    container: 'p-gateway',
    metrics_url: 'http://127.0.0.1:9464/metrics',
    prometheus_url: 'http://127.0.0.1:9090',
  });
  expect(json.output['models']?.value).toMatchObject({ 'a:latest': urls });
  expect(json.output['servers']?.value).toMatchObject({
    'main-0': {
      ...urls,
      container: expect.stringMatching(/^\$\{docker_container\.gapless-server-main-0_\w+\.name\}$/),
    },
  });
});

function triggers(): unknown {
  const { json } = synthesized(parse(text), undefined, directory);
  return ['terraform_data.gateway-data', 'terraform_data.rollout'].map((name) => only(json, name)['triggers_replace']);
}

describe('the sources of the toolkit', () => {
  it('make the rollout run again when they change', () => {
    mkdirSync(path.join(directory, 'gateway', 'lua'), { recursive: true });
    writeFileSync(path.join(directory, 'gateway', 'lua', 'door.lua'), 'one');
    const before = triggers();
    expect(triggers()).toEqual(before);
    writeFileSync(path.join(directory, 'gateway', 'lua', 'door.lua'), 'two');
    expect(triggers()).not.toEqual(before);
  });
});

it('nothing secret of a certificate gets into what is synthesized', async () => {
  const { certificate, key } = await createCertificate(directory, '127.0.0.1');
  copyFileSync(certificate, path.join(directory, 'cert.pem'));
  copyFileSync(key, path.join(directory, 'key.pem'));
  const file = path.join(directory, 'models.yaml');
  writeFileSync(file, 'project: p\ngateway: { tls: { certificate: cert.pem, key: key.pem } }\nmodels: { a: {} }\n');
  const { plan } = synthesized(readManifest(file), undefined, directory);
  expect(plan.tls).toEqual({
    kind: 'files',
    certificate: 'cert.pem',
    key: 'key.pem',
    digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
  });
  const secrets = [key, certificate].flatMap((name) =>
    readFileSync(name, 'utf8')
      .split('\n')
      .filter((line) => line.length > 20 && !line.startsWith('-----')),
  );
  expect(secrets.length).toBeGreaterThan(4);
  const out = path.join(directory, 'cdktf.out');
  const written = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(written.map(({ name }) => name)).toEqual(expect.arrayContaining(['cdk.tf.json', 'gateway.json']));
  for (const { parentPath, name } of written) {
    const content = readFileSync(path.join(parentPath, name), 'utf8');
    for (const secret of secrets) expect(content).not.toContain(secret);
  }
});

it('a gateway that is taken away leaves no plan', () => {
  synthesized(parse(text), undefined, directory);
  const stackDir = synthesizeIn(directory, parse('models: { a: {} }'));
  expect(readdirSync(stackDir).toSorted()).toEqual(['cdk.tf.json', 'load-p-models.json']);
});

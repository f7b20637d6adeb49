import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { writeSyntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import { docker, Project, run } from '../support/project.js';
import { createCertificate, type TestCertificate } from '../support/test-certificate.js';

// One project with the user's own certificate files and Prometheus, and then with plain HTTP.
let project: Project;
let certificate: TestCertificate;
let key: string;
let ports: { metrics: number; prometheus: number };

async function manifest(tls: string): Promise<void> {
  await project.manifest(`gateway: { port: ${project.port}, metrics_port: ${ports.metrics}, tls: ${tls} }
observability: { prometheus: { port: ${ports.prometheus} }, grafana: { port: ${await getPort()} } }
servers:
  main: {}
models:
  tiny: { from: { gguf: ./tiny.gguf } }`);
}

const files = '{ certificate: server.pem, key: server.key }';

beforeAll(async () => {
  project = await Project.create();
  ports = { metrics: await getPort({ host: '127.0.0.1' }), prometheus: await getPort({ host: '127.0.0.1' }) };
  writeSyntheticGguf(project.file('tiny.gguf'));
  certificate = await createCertificate(project.directory, '127.0.0.1');
  await manifest(files);
});

afterAll(async () => {
  await project?.remove();
});

/** Status of `/api/tags` through the door, whose certificate has to come from the authority of the test. */
async function askTags(ca?: string): Promise<number | undefined> {
  const options = { ca, headers: { authorization: `Bearer ${key}` }, agent: false };
  return new Promise((resolve, reject) => {
    https
      .get(`https://localhost:${project.port}/api/tags`, options, (answer) => resolve(answer.resume().statusCode))
      .on('error', reject);
  });
}

/** Everything that is written for a deployment on this machine, and everything that the engine tells of it. */
async function everythingSeen(): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  for (const entry of await readdir(project.directory, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !/\.(gguf|key)$|providers/.test(file)) seen.set(file, await readFile(file, 'utf8'));
  }
  const plan = await project.terraform('show', '-json');
  seen.set('terraform show', plan.output);
  const label = `label=io.ollama-stacks.project=${project.name}`;
  const names = (await docker('ps', '--all', '--filter', label, '--format', '{{.Names}}')).split('\n');
  for (const name of names) {
    seen.set(`inspect ${name}`, await docker('inspect', name));
    seen.set(`logs ${name}`, (await run('docker', ['logs', name])).output);
  }
  return seen;
}

it('a key made before the first deployment opens it, behind the certificate of the user', async () => {
  const added = await project.verb('keys', 'add', 'early');
  expect([added.code, added.stderr]).toEqual([0, expect.stringContaining('early')]);
  key = added.stdout.trim();
  expect(key).toMatch(/^osk_[\w-]{43}$/);
  const up = await project.verb('up');
  expect([up.code, up.output]).toEqual([0, expect.stringContaining('every model answers')]);
  expect(await askTags(await readFile(certificate.ca, 'utf8'))).toBe(200);
  // Whom no system trusts.
  await expect(askTags()).rejects.toThrow(/certificate/);
});

it('no key, hash or private key is in state, plan, JSON, containers or logs', async () => {
  const pem = await readFile(certificate.key, 'utf8');
  const secrets = [key, createHash('sha256').update(key).digest('hex'), pem.split('\n')[1] ?? ''];
  expect(secrets.map((secret) => secret.length > 30)).toEqual([true, true, true]);
  const seen = await everythingSeen();
  // What is looked at is there at all.
  const needed = [/terraform\.[^/]+\.tfstate$/, /cdk\.tf\.json$/, /gateway\.json$/, /^inspect .*-gateway$/, /^logs /];
  const names = [...seen.keys()];
  expect(needed.filter((pattern) => !names.some((name) => pattern.test(name)))).toEqual([]);
  const found = [...seen].flatMap(([name, text]) => secrets.flatMap((secret) => (text.includes(secret) ? [name] : [])));
  expect(found).toEqual([]);
});

async function ask(page: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${ports.prometheus}/api/v1/${page}`)).text();
}

it('Prometheus scrapes the gateway and has the rules', async () => {
  await vi.waitFor(async () => expect((await ask('targets')).match(/"health":"up"/g)).toHaveLength(2), {
    timeout: 20_000,
    interval: 250,
  });
  expect(await ask('rules')).toContain('OllamaManifestNotSatisfied');
  const queried = await ask(`query?query=${encodeURIComponent('ollama_gateway_model_available{model="tiny:latest"}')}`);
  expect(JSON.parse(queried)).toMatchObject({ data: { result: [{ value: [expect.any(Number), '1'] }] } });
});

it('files that cannot serve are refused before anything is changed', async () => {
  await writeFile(project.file('other.key'), await readFile(project.file('ca.key'), 'utf8'));
  await manifest('{ certificate: server.pem, key: other.key }');
  const mismatch = await project.verb('up');
  expect([mismatch.code, mismatch.output]).toEqual([1, expect.stringMatching(/other\.key/)]);
  await manifest('{ certificate: server.pem, key: absent.key }');
  const absent = await project.verb('up');
  expect([absent.code, absent.output]).toEqual([1, expect.stringMatching(/absent\.key/)]);
  expect(await askTags(await readFile(certificate.ca, 'utf8'))).toBe(200);
});

it('speaks plain HTTP on a loopback address when it is told to', async () => {
  await manifest('none');
  const up = await project.verb('up');
  expect([up.code, up.output]).toEqual([0, expect.stringContaining(`Ollama     http://127.0.0.1:${project.port}`)]);
  const url = `http://127.0.0.1:${project.port}/v1/models`;
  expect((await fetch(url)).status).toBe(401);
  const listed = await fetch(url, { headers: { 'x-api-key': key } });
  expect(await listed.json()).toMatchObject({ data: [{ id: 'tiny:latest' }] });
});

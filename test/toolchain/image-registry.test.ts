import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareImage } from '../../toolchain/image.js';
import { debianPrograms } from '../support/debian-programs.js';
import { docker, run } from '../support/project.js';
import { answersAt, startProcess, type TestProcess } from '../support/test-process.js';
import { temporaryWorkshop } from './workshop-fixture.js';

const engine = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
/** Docker speaks plain HTTP to 127.0.0.0/8 only, so this runs where the engine shares our loopback. */
const namespace = `t${randomBytes(4).toString('hex')}`;

let registry: TestProcess;
let host: string;
let workshop: Awaited<ReturnType<typeof temporaryWorkshop>>;

beforeAll(async () => {
  workshop = await temporaryWorkshop();
  const port = await getPort({ host: '127.0.0.1' });
  host = `127.0.0.1:${port}`;
  const config = path.join(workshop.cache, 'registry.json');
  const storage = { filesystem: { rootdirectory: path.join(workshop.cache, 'storage') } };
  await writeFile(config, JSON.stringify({ version: '0.1', log: { level: 'warn' }, storage, http: { addr: host } }));
  const { registry: program } = await debianPrograms();
  const log = path.join(workshop.cache, 'registry.log');
  registry = await startProcess([program, 'serve', config], log, () => answersAt(`http://${host}/v2/`));
});

afterAll(async () => {
  await registry?.stop();
  const { stdout } = await run('docker', ['images', '--quiet', '--no-trunc', '--filter', `label=test=${namespace}`]);
  const ids = [...new Set(stdout.split('\n').filter(Boolean))];
  if (ids.length > 0) await run('docker', ['rmi', '--force', ...ids]);
  await workshop?.[Symbol.asyncDispose]();
});

/** A small image under this name in the registry, and no longer in the engine. */
async function publish(name: string, content: string): Promise<string> {
  const folder = path.join(workshop.cache, content);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'content'), content);
  await run('tar', ['-cf', `${folder}.tar`, '-C', folder, 'content']);
  await docker('import', '--change', `LABEL test=${namespace}`, `${folder}.tar`, name);
  await docker('push', name);
  const pin = await docker('image', 'inspect', '--format', '{{index .RepoDigests 0}}', name);
  await docker('rmi', '--force', name, pin);
  return pin;
}

it.each(['haproxy', 'prometheus', 'grafana'])('%s is pulled and pinned, also when its tag moves', async (name) => {
  const declared = `${host}/${namespace}/${name}:1`;
  const first = await publish(declared, `${name}-first`);
  expect(first).toMatch(new RegExp(`^${host}/${namespace}/${name}@sha256:[0-9a-f]{64}$`));
  const piece = { version: `${name} 1`, reference: first };
  expect(await prepareImage(workshop, engine, declared)).toEqual({ ...piece, source: 'pulled' });
  expect(await prepareImage(workshop, engine, declared)).toEqual({ ...piece, source: 'found' });
  const second = await publish(declared, `${name}-second`);
  expect(second).not.toBe(first);
  expect(await prepareImage(workshop, engine, declared)).toEqual({ ...piece, source: 'pulled', reference: second });
});

it('an image of Ollama keeps the name that was declared', async () => {
  const declared = `${host}/${namespace}/ollama:9.9.9`;
  await publish(declared, 'ollama');
  const expected = { version: 'ollama 9.9.9', reference: declared };
  expect(await prepareImage(workshop, engine, declared)).toEqual({ ...expected, source: 'pulled' });
  expect(await prepareImage(workshop, engine, declared)).toEqual({ ...expected, source: 'found' });
});

it('one that was loaded by hand is used under its name', async () => {
  const declared = `${namespace}.invalid/haproxy:1`;
  const file = path.join(workshop.cache, 'loaded.tar');
  await run('tar', ['-cf', file, '-C', workshop.cache, 'registry.json']);
  await docker('import', '--change', `LABEL test=${namespace}`, file, declared);
  expect(await prepareImage(workshop, engine, declared)).toEqual({
    version: 'haproxy 1',
    source: 'found',
    reference: declared,
  });
});

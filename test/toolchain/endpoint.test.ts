import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endpoint, socketPath } from '../../toolchain/endpoint.js';

let configuration: string;

beforeAll(async () => {
  configuration = await mkdtemp(path.join(tmpdir(), 'docker-config-'));
  const meta = path.join(configuration, 'contexts', 'meta', createHash('sha256').update('desk').digest('hex'));
  await mkdir(meta, { recursive: true });
  await writeFile(
    path.join(meta, 'meta.json'),
    JSON.stringify({ Name: 'desk', Endpoints: { docker: { Host: 'ssh://desk' } } }),
  );
});
afterAll(() => rm(configuration, { recursive: true }));

it.each([
  [{}, undefined, { host: 'unix:///var/run/docker.sock', from: 'default' }],
  [{}, 'desk', { host: 'ssh://desk', from: 'context desk' }],
  [{ DOCKER_CONTEXT: 'desk' }, undefined, { host: 'ssh://desk', from: 'context desk' }],
  [{ DOCKER_CONTEXT: 'default' }, 'desk', { host: 'unix:///var/run/docker.sock', from: 'default' }],
  [
    { DOCKER_CONTEXT: 'desk', DOCKER_HOST: 'tcp://10.0.0.2:2376' },
    'desk',
    { host: 'tcp://10.0.0.2:2376', from: 'DOCKER_HOST' },
  ],
])('%j with current context %j', async (env, currentContext, expected) => {
  await writeFile(path.join(configuration, 'config.json'), JSON.stringify({ currentContext }));
  expect(await endpoint({ ...env, DOCKER_CONFIG: configuration })).toEqual(expected);
});

it('says that a context does not exist', async () => {
  await expect(endpoint({ DOCKER_CONTEXT: 'nowhere', DOCKER_CONFIG: configuration })).rejects.toMatchObject({
    code: 'unknown-context',
    message: 'docker context nowhere does not exist',
  });
});

it.each([
  ['unix:///run/user/1000/docker.sock', '/run/user/1000/docker.sock'],
  ['tcp://10.0.0.2:2376', undefined],
])('socket of %s', (host, expected) => {
  expect(socketPath(host)).toBe(expected);
});

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { docker, repository, run } from '../support/project.js';

const label = 'io.ollama-stacks.project';
const volumes: string[] = [];

function volumeName(): string {
  const name = `ollama-stacks-test-${randomBytes(4).toString('hex')}`;
  volumes.push(name);
  return name;
}

function ensureStore(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const launcher = path.join(repository, 'bin', 'ollama-stacks.mjs');
  return run(process.execPath, [launcher, 'ensure-store', ...args], { env: { ...process.env, ...env } });
}

async function labels(volume: string): Promise<unknown> {
  return JSON.parse(await docker('volume', 'inspect', '--format', '{{json .Labels}}', volume));
}

afterEach(async () => {
  await Promise.all(volumes.splice(0).map((name) => run('docker', ['volume', 'rm', '--force', name])));
});

it('creates a volume with the label of the project, once', async () => {
  const volume = volumeName();
  expect(await ensureStore(['mine', volume])).toMatchObject({ code: 0, output: '' });
  expect(await labels(volume)).toEqual({ [label]: 'mine' });
  expect(await ensureStore(['mine', volume])).toMatchObject({ code: 0, output: '' });
});

it.each([
  ['of another project', [`${label}=theirs`], { [label]: 'theirs' }, 'it belongs to project theirs'],
  ['of somebody else', ['some=thing'], { some: 'thing' }, 'it was not made by ollama-stacks'],
  ['without labels', [], null, 'it was not made by ollama-stacks'],
])('leaves a volume %s alone', async (_, given, kept, words) => {
  const volume = volumeName();
  await docker('volume', 'create', ...given.flatMap((one) => ['--label', one]), volume);
  const { code, stderr } = await ensureStore(['mine', volume]);
  expect(code).toBe(1);
  expect(stderr).toContain(`volume ${volume} exists and is not ours: ${words}`);
  expect(stderr).toContain('choose another `store`');
  expect(await labels(volume)).toEqual(kept);
});

it.each([
  [
    'an engine that does not answer',
    { DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
    /the Docker engine does not answer at .*nonexistent.*; start it/,
  ],
])('tells of %s', async (_, env, message) => {
  const { code, stderr } = await ensureStore(['mine', volumeName()], env);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
});

it('tells of a missing docker command', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-path-'));
  await symlink('/bin/bash', path.join(folder, 'bash'));
  const { code, stderr } = await ensureStore(['mine', volumeName()], { PATH: folder });
  await rm(folder, { recursive: true });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^the docker command is missing/);
});

it.each([[[]], [['mine']], [['mine', 'a', 'b']]])('wants a project and a volume, not %j', async (args) => {
  expect(await ensureStore(args)).toMatchObject({
    code: 2,
    stderr: 'usage: ollama-stacks ensure-store <project> <volume>\n',
  });
});

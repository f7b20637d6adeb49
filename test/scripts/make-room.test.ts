import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { preparedImage } from '../support/prepared-image.js';
import { docker, repository, run } from '../support/project.js';

const launcher = path.join(repository, 'bin', 'ollama-stacks.mjs');
const makeRoom = (...args: string[]) => run(process.execPath, [launcher, 'make-room', ...args]);
let project: string;
const names: string[] = [];

beforeEach(() => {
  project = `room-${randomBytes(4).toString('hex')}`;
});
afterEach(async () => {
  if (names.length > 0) await run('docker', ['rm', '--force', ...names.splice(0)]);
});

async function start(owner: string, server: string): Promise<string> {
  const name = `${owner}-${server}-${randomBytes(4).toString('hex')}`;
  names.push(name);
  const labels = ['--label', `io.ollama-stacks.project=${owner}`, '--label', `io.ollama-stacks.server=${server}`];
  const { reference } = await preparedImage('haproxy:2.6');
  await docker(
    'run',
    '--detach',
    '--init',
    '--stop-signal',
    'SIGTERM',
    '--name',
    name,
    ...labels,
    '--entrypoint',
    'sleep',
    reference,
    '600',
  );
  return name;
}

const state = (name: string): Promise<string> => docker('inspect', '--format', '{{.State.Running}}', name);

it('stops what runs of the server, keeps it, and touches nothing else', { timeout: 60_000 }, async () => {
  const [first, second] = [await start(project, 'local'), await start(project, 'local')];
  const [sibling, foreign] = [await start(project, 'other'), await start(`${project}x`, 'local')];
  expect(await makeRoom(project, 'local')).toMatchObject({ code: 0, output: '' });
  expect(await Promise.all([first, second, sibling, foreign].map(state))).toEqual(['false', 'false', 'true', 'true']);
  expect(await makeRoom(project, 'local')).toMatchObject({ code: 0, output: '' });
});

it('has nothing to do at the first deployment', async () => {
  expect(await makeRoom(project, 'local')).toMatchObject({ code: 0, output: '' });
});

it('wants a project and a server', async () => {
  const stderr = 'usage: ollama-stacks make-room <project> <server>\n';
  expect(await makeRoom(project)).toMatchObject({ code: 2, stderr });
});

it('says so when the engine does not answer', async () => {
  const env = { ...process.env, DOCKER_HOST: 'unix:///nonexistent.sock' };
  const { code, stderr } = await run(process.execPath, [launcher, 'make-room', project, 'local'], { env });
  expect(code).toBe(1);
  expect(stderr).toContain('/nonexistent.sock');
});

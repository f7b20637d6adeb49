import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { docker, repository, run } from '../support/project.js';

const launcher = path.join(repository, 'bin', 'ollama-stacks.mjs');
const ensureNetwork = (...args: string[]) => run(process.execPath, [launcher, 'ensure-network', ...args]);
let network: string;

beforeEach(() => {
  network = `ollama-stacks-test-${randomBytes(4).toString('hex')}`;
});
afterEach(async () => {
  await run('docker', ['network', 'rm', network]);
});

it('creates the network with the label of the project, once', async () => {
  expect(await ensureNetwork(network)).toMatchObject({ code: 0, output: '' });
  const id = await docker('network', 'inspect', '--format', '{{.Id}} {{json .Labels}}', network);
  expect(id).toContain(`{"io.ollama-stacks.project":"${network}"}`);
  expect(await ensureNetwork(network)).toMatchObject({ code: 0, output: '' });
  expect(await docker('network', 'inspect', '--format', '{{.Id}} {{json .Labels}}', network)).toBe(id);
});

it('leaves a network of somebody else alone', async () => {
  const id = await docker('network', 'create', network);
  const { code, stderr } = await ensureNetwork(network);
  expect(stderr).toContain(`network ${network} exists and is not ours: it was not made by ollama-stacks`);
  expect(stderr).toContain('choose another `project`');
  expect(code).toBe(1);
  expect(await docker('network', 'inspect', '--format', '{{.Id}}', network)).toBe(id);
});

it('wants one project', async () => {
  expect(await ensureNetwork()).toMatchObject({ code: 2, stderr: 'usage: ollama-stacks ensure-network <project>\n' });
});

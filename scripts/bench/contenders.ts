import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BenchProject } from './bench-project.js';
import { firstToken } from './first-token.js';

/** One way to get from a declaration to a first token. `reset` and `clear` are not timed. */
export interface Contender {
  readonly name: string;
  /** Brings the machine to the state in which a round begins. */
  readonly reset?: () => Promise<unknown>;
  /** What is timed, to its end or to the moment it resolves to (`Date.now()`). */
  readonly round: () => Promise<number | void>;
  /** Takes away what the round left, so that the next contender finds the port free. */
  readonly clear: () => Promise<unknown>;
}

/** Arguments of `docker` for the floor: the container alone, no declaration, no check, no network of its own. */
function floorArguments(project: BenchProject, image: string): string[] {
  const port = `127.0.0.1:${project.port}:11434`;
  return [
    'run',
    '--detach',
    '--name',
    `${project.name}-floor`,
    '--publish',
    port,
    '--volume',
    `${project.store}:/root/.ollama`,
    image,
  ];
}

/** What docker-compose 1.29 is given: the same container as the floor, declared. */
function composeFile(project: BenchProject, image: string): string {
  const server = { image, ports: [`127.0.0.1:${project.port}:11434`], volumes: ['store:/root/.ollama'] };
  return JSON.stringify({
    version: '3',
    services: { main: server },
    volumes: { store: { external: true, name: project.store } },
  });
}

/** The contenders of `bench:deploy`; `image` is the local reference that all of them run. */
export async function contenders(project: BenchProject, image: string, model: string): Promise<Contender[]> {
  const file = path.join(project.directory, 'docker-compose.yml');
  await writeFile(file, composeFile(project, image));
  const compose = (...argv: string[]) =>
    project.run('docker-compose', '--file', file, '--project-name', project.name, ...argv);
  const first = () => firstToken(project.url, model);
  const up = async (): Promise<void> => void (await project.npmRun('up', '--yes'));
  const upToFirstToken = async () => timeOfFirstToken(await project.npmRun('up', '--yes', '--json'));
  const down = () => project.npmRun('down');
  return [
    {
      name: 'docker run + first token',
      round: async () => project.run('docker', ...floorArguments(project, image)).then(first),
      clear: () => project.run('docker', 'rm', '--force', `${project.name}-floor`),
    },
    {
      name: 'docker-compose up + first token',
      round: async () => compose('up', '--detach').then(first),
      clear: () => compose('down', '--timeout', '0'),
    },
    { name: 'npm run up to first token', round: upToFirstToken, clear: down },
    { name: 'npm run up with all smoke tests', round: up, clear: down },
    { name: 'npm run up, nothing to do', reset: up, round: up, clear: down },
  ];
}

/** When the `generate` check of `up --json` saw its first token, which is the first that the server made. */
function timeOfFirstToken(json: string): number {
  const { smoke } = JSON.parse(json) as { smoke: { name: string; startedAt: string; message: string }[] };
  const generate = smoke.find(({ name }) => name === 'generate');
  const [, ms] = /^first token after (\d+) ms/.exec(generate?.message ?? '') ?? [];
  if (!generate || ms === undefined) throw new Error(`up made no generate check: ${json}`);
  return Date.parse(generate.startedAt) + Number(ms);
}

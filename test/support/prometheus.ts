import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import getPort from 'get-port';
import type { DebianProgram } from './debian-programs.js';
import { debianPrograms } from './debian-programs.js';
import { run } from './project.js';
import { answersAt, startProcess } from './test-process.js';

/** Files in a directory of their own, which goes away. */
async function withFiles<T>(files: Readonly<Record<string, string>>, work: (cwd: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(path.join(tmpdir(), 'ollama-stacks-prometheus-'));
  try {
    await writeFiles(directory, files);
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(directory, name)), { recursive: true });
    await writeFile(path.join(directory, name), text);
  }
}

const command = ({ path: file, env }: DebianProgram): string[] => [
  'env',
  ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
  file,
];

/** Runs the real promtool beside `files`; `stdin`: the file among them that it reads there. */
export async function promtool(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  stdin = '/dev/null',
): Promise<{ readonly code: number; readonly output: string }> {
  const argv = [...command((await debianPrograms()).promtool), ...args];
  return withFiles(files, (cwd) => run('sh', ['-c', 'exec "$@" < "$0"', stdin, ...argv], { cwd }));
}

/** A value of Prometheus and what it is of. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The real Prometheus. */
export interface TestPrometheus extends AsyncDisposable {
  readonly url: string;
  /** Rejects with Prometheus's words when the expression is none. */
  query(expression: string): Promise<readonly Sample[]>;
}

/** Starts it on a free port with `files`, of which one is `prometheus.yml`. */
export async function startPrometheus(files: Readonly<Record<string, string>>): Promise<TestPrometheus> {
  const directory = mkdtempSync(path.join(tmpdir(), 'ollama-stacks-prometheus-'));
  await writeFiles(directory, files);
  const port = await getPort({ host: '127.0.0.1' });
  const url = `http://127.0.0.1:${port}`;
  const flags = [
    `--config.file=${path.join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${path.join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const argv = [...command((await debianPrograms()).prometheus), ...flags];
  const server = await startProcess(argv, path.join(directory, 'log'), () => answersAt(`${url}/-/ready`));
  return {
    url,
    query: (expression) => ask(url, expression),
    async [Symbol.asyncDispose]() {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Prometheus's HTTP API, `/api/v1/query`. */
async function ask(url: string, expression: string): Promise<readonly Sample[]> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`);
  const { status, error, data } = (await response.json()) as Answer;
  if (status !== 'success' || !data) throw new Error(`${expression}: ${error ?? response.status}`);
  if (data.resultType !== 'vector') throw new Error(`${expression} is a ${data.resultType}, not a vector`);
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: {
    readonly resultType: string;
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: readonly [number, string] }[];
  };
}

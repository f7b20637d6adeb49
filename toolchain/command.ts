import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ToolchainProblem } from './problem.js';
import type { Workshop } from './workshop.js';

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to the environment of the workshop. */
  readonly env?: NodeJS.ProcessEnv;
  readonly onLine?: (line: string) => void;
  /** Text for stdin; without it stdin is closed. */
  readonly input?: string;
}

const shownLines = 15;

/**
 * Runs a program to its end and returns its stdout. Everything it writes also goes to `<cache>/logs/<program>.log`.
 * It gets a process group of its own, so that an abort ends the compilers below it too.
 * @throws ToolchainProblem `command-failed` with the last lines, or `interrupted`
 */
export async function run(workshop: Workshop, argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [program = '', ...rest] = argv;
  const log = path.join(workshop.cache, 'logs', `${path.basename(program)}.log`);
  await mkdir(path.dirname(log), { recursive: true });
  const sink = createWriteStream(log, { flags: 'a' });
  sink.write(`$ ${argv.join(' ')}\n`);
  const tail: string[] = [];
  const heard = (line: string) => {
    sink.write(`${line}\n`);
    if (tail.push(line) > shownLines) tail.shift();
    options.onLine?.(line);
  };
  try {
    const { code, stdout } = await execute(workshop, program, rest, options, heard);
    if (code === 0) return stdout;
    const what = `${[path.basename(program), ...rest.slice(0, 2)].join(' ')} ended with ${code ?? 'a signal'}`;
    throw new ToolchainProblem('command-failed', what, `read the whole output in ${log}`, tail.join('\n'));
  } finally {
    sink.end();
  }
}

function execute(
  { env, signal }: Workshop,
  program: string,
  argv: readonly string[],
  options: CommandOptions,
  heard: (line: string) => void,
): Promise<{ code: number | null; stdout: string }> {
  signal.throwIfAborted();
  // sudo asks for the password on the terminal, which a process in a session of its own does not have
  const detached = program !== 'sudo';
  const child = spawn(program, argv, { cwd: options.cwd, env: { ...env, ...options.env }, detached });
  const stop = () => {
    // a group that has just ended cannot be signalled any more; sudo is root's, and hears the terminal's Ctrl-C itself
    if (detached && child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
  };
  signal.addEventListener('abort', stop, { once: true });
  child.stdin.on('error', () => undefined).end(options.input);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    heard(line);
  });
  createInterface({ input: child.stderr }).on('line', heard);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve({ code, stdout: lines.join('\n') });
    });
  });
}

/** What was finished before a person stopped the run is kept. */
export function interrupted(): ToolchainProblem {
  return new ToolchainProblem('interrupted', 'set-up was interrupted', 'run it again: what was finished is kept');
}

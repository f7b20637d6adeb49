import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A Terraform (or OpenTofu) that runs in one synthesized stack. */
export interface Terraform {
  /** The binary. */
  readonly path: string;
  /** Directory of the synthesized stack, relative to the working directory. */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Exit {
  readonly code: number;
  /** Everything the process wrote to stdout, unless the lines were handed on. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Arguments of the calls we make, as values that tests compare. */
export const terraformArguments = {
  init: ['init', '-input=false', '-no-color'],
  apply: (replace: readonly string[]) => [
    'apply',
    '-json',
    '-auto-approve',
    '-input=false',
    ...replace.map((address) => `-replace=${address}`),
  ],
  destroy: ['destroy', '-json', '-auto-approve', '-input=false'],
  plan: (file: string) => ['plan', '-json', '-input=false', `-out=${file}`],
  show: (file: string) => ['show', '-json', file],
} as const;

/**
 * What makes Terraform start faster, each measured on a no-op apply (ADR 0008): no TLS between it and its plugins, which
 * talk over a Unix socket that only this user can open, and fewer garbage collections.
 */
const quick = { TF_DISABLE_PLUGIN_TLS: '1', GOGC: '400' } as const;

/** Calls `work` so that what it starts makes files and sockets for this user alone; the state tells a lot. */
function forThisUserOnly<T>(work: () => T): T {
  const before = process.umask(0o077);
  try {
    return work();
  } finally {
    process.umask(before);
  }
}

/**
 * Runs Terraform once. It gets a process group of its own, so that Ctrl-C reaches it exactly once, from us: the terminal
 * signals the whole group, npm forwards the signal again, and Terraform takes the second one as the order to drop its work.
 * @param onLine gets each line of stdout as it comes; without it the text is collected
 */
export function runTerraform(
  { path, directory, env }: Terraform,
  argv: readonly string[],
  onLine?: (line: string) => void,
): Promise<Exit> & { interrupt: () => void } {
  const child = forThisUserOnly(() =>
    spawn(path, [`-chdir=${directory}`, ...argv], {
      env: { ...quick, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  let stdout = '';
  let stderr = '';
  if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
  else child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exit = new Promise<Exit>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
  const interrupt = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
  };
  return Object.assign(exit, { interrupt });
}

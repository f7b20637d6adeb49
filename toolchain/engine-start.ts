import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { run } from './command.js';
import { askEngine, type EngineState } from './engine-api.js';
import { ToolchainProblem } from './problem.js';
import type { Workshop } from './workshop.js';

/** Whether systemd runs this machine, and so its services. */
export async function runsSystemd(): Promise<boolean> {
  return (await readFile('/proc/1/comm', 'utf8').catch(() => '')).trim() === 'systemd';
}

const startMs = 60_000;
const shownLines = 15;

/** What is run to start an engine that is installed; `service` returns at once, `daemon` is the engine itself. */
export function startCommand(
  systemd: boolean,
  root: boolean,
): { readonly kind: 'service' | 'daemon'; readonly argv: string[] } {
  if (systemd) return { kind: 'service', argv: [...(root ? [] : ['sudo']), 'systemctl', 'start', 'docker'] };
  return { kind: 'daemon', argv: [...(root ? [] : ['sudo', '--background']), 'dockerd'] };
}

/**
 * Starts the installed engine and waits until it answers. Without systemd it is a process of its own session, which
 * outlives us; its log is `<cache>/logs/dockerd.log`.
 * @throws ToolchainProblem `engine-start` with the last lines of that log
 */
export async function startEngine(workshop: Workshop, host: string, systemd: boolean): Promise<EngineState> {
  const { kind, argv } = startCommand(systemd, process.getuid?.() === 0);
  workshop.progress('starting');
  if (kind === 'service') await run(workshop, argv);
  const daemon = kind === 'daemon' ? await startDaemon(workshop, argv) : undefined;
  const deadline = performance.now() + startMs;
  for (;;) {
    const state = await askEngine(workshop, host);
    if (state.state !== 'absent') return state;
    if (daemon?.ended() || performance.now() > deadline) throw startProblem(state.reason, daemon?.tail());
    await pause(100, undefined, { signal: workshop.signal });
  }
}

async function startDaemon(workshop: Workshop, [program = '', ...argv]: readonly string[]) {
  const log = path.join(workshop.cache, 'logs', 'dockerd.log');
  await mkdir(path.dirname(log), { recursive: true });
  const output = openSync(log, 'w');
  // the daemon looks for iptables and containerd on its PATH, and a user's often lacks sbin
  const env = { ...workshop.env, PATH: `${workshop.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` };
  // sudo needs the terminal for its question, and puts the engine into the background itself
  const child = spawn(program, argv, { env, detached: program !== 'sudo', stdio: ['ignore', output, output] });
  let failure: Error | undefined;
  child.on('error', (error) => (failure = error));
  child.unref();
  return {
    ended: () => failure !== undefined || (child.exitCode ?? 0) !== 0,
    tail: () => failure?.message ?? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-shownLines).join('\n'),
  };
}

function startProblem(reason: string, log: string | undefined): ToolchainProblem {
  const next = log === undefined ? 'journalctl -u docker says why' : 'its last lines say why';
  return new ToolchainProblem('engine-start', `the Docker engine does not start: ${reason}`, next, log);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readResolved } from '../../toolchain/resolved.js';
import { repository, run } from './project.js';

/**
 * A Docker engine that a test may break: its own data, sockets and network namespace, because a second engine in the
 * namespace of the first deletes the first one's bridge. What runs in `inside` sees the ports its containers publish.
 */
export class PrivateEngine {
  private constructor(
    private readonly folder: string,
    private readonly bin: string | undefined,
    private process: ChildProcess,
  ) {}

  /** @param bin a directory that goes first on the engine's PATH, for a stand-in of hardware's runtime hook */
  static async start(bin?: string): Promise<PrivateEngine> {
    const folder = await mkdtemp(path.join(tmpdir(), 'engine-'));
    const engine = new PrivateEngine(folder, bin, daemon(folder, bin));
    await engine.answers();
    await engine.takeImage();
    return engine;
  }

  /** After `kill`: the same engine, with the data it had. */
  async restart(): Promise<void> {
    this.process = daemon(this.folder, this.bin);
    await this.answers();
  }

  get host(): string {
    return `unix://${this.folder}/sock`;
  }

  /** Puts a command into the engine's network namespace. */
  inside(argv: readonly string[]): string[] {
    return ['nsenter', `--net=/proc/${this.process.pid}/ns/net`, '--', ...argv];
  }

  /** Ends the engine with its containers' shims left to it, as a crash does. */
  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGTERM');
    await once(this.process, 'exit');
  }

  /** Removes its containers, ends it and removes its data. */
  async remove(): Promise<void> {
    const env = { ...process.env, DOCKER_HOST: this.host };
    const ids = (await run('docker', ['ps', '-aq'], { env })).stdout.split('\n').filter(Boolean);
    if (ids.length > 0) await run('docker', ['rm', '-fv', ...ids], { env });
    await this.kill();
    await run('sh', [
      '-c',
      `awk '$2 ~ "^${this.folder}/" { print $2 }' /proc/mounts | sort -r | xargs -r -n1 umount -l`,
    ]);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** From the machine's engine, whatever way it came there: a private engine's `up` shall not build or pull one. */
  private async takeImage(): Promise<void> {
    const resolved = await readResolved(repository);
    const references = Object.values(resolved?.images ?? {}).map(({ reference }) => reference);
    const { code, output } = await run('sh', [
      '-c',
      `docker save "$@" | docker --host ${this.host} load`,
      'sh',
      ...references,
    ]);
    if (code !== 0) throw new Error(output);
  }

  private async answers(): Promise<void> {
    const deadline = performance.now() + 30_000;
    while ((await run('docker', ['version'], { env: { ...process.env, DOCKER_HOST: this.host } })).code !== 0) {
      const ended = this.process.exitCode !== null;
      if (ended || performance.now() > deadline) throw new Error(await readFile(path.join(this.folder, 'log'), 'utf8'));
    }
  }
}

function daemon(folder: string, bin: string | undefined): ChildProcess {
  const log = openSync(path.join(folder, 'log'), 'a');
  const place = ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`, '--pidfile', `${folder}/pid`];
  const script = 'ip link set lo up && exec dockerd "$@"';
  const env = { ...process.env, PATH: [bin, process.env.PATH, '/usr/sbin:/sbin'].filter(Boolean).join(':') };
  const words = ['--net', '--', 'sh', '-c', script, 'sh', ...place, '--host', `unix://${folder}/sock`];
  const child = spawn('unshare', words, { env, stdio: ['ignore', log, log] });
  closeSync(log);
  return child;
}

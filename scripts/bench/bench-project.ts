import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import getPort from 'get-port';

const execute = promisify(execFile);

/** A directory with a manifest of its own that all contenders deploy: the same image, store, port and model. */
export class BenchProject {
  private constructor(
    readonly directory: string,
    readonly name: string,
    readonly port: number,
  ) {}

  /** @param manifest text of the manifest, given the project's name and port */
  static async create(home: string, manifest: (name: string, port: number) => string): Promise<BenchProject> {
    const directory = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-bench-'));
    const [name, port] = [`bench-${process.pid}`, await getPort({ host: '127.0.0.1' })];
    const scripts = Object.fromEntries(
      ['up', 'down', 'synth'].map((verb) => [verb, `node ${home}/bin/ollama-stacks.mjs ${verb}`]),
    );
    await writeFile(path.join(directory, 'package.json'), JSON.stringify({ private: true, scripts }));
    await writeFile(path.join(directory, 'models.yaml'), manifest(name, port));
    return new BenchProject(directory, name, port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get store(): string {
    return `${this.name}-models`;
  }

  /** Runs a program in the project's directory; an error carries what it printed. */
  async run(file: string, ...args: string[]): Promise<string> {
    return (await execute(file, args, { cwd: this.directory, maxBuffer: 1 << 26 })).stdout;
  }

  /** A verb as a person runs it, npm's own start-up included. */
  async npmRun(verb: string, ...flags: string[]): Promise<string> {
    return this.run('npm', 'run', '--silent', verb, '--', ...flags);
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

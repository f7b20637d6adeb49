import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import getPort from 'get-port';
import { parseManifest } from '../../manifest/parse.js';
import type { Resolved } from '../../manifest/resolved.js';
import { preparedImage } from '../support/prepared-image.js';
import { docker, run, type Ran } from '../support/project.js';
import { synthesizeIn } from './synthesis.js';
import { RealTerraform } from './terraform.js';

/** What a verb wrote down. */
export interface Note {
  readonly verb: string;
  readonly at: 'begin' | 'end';
  readonly args: readonly string[];
  /** What it was told of the containers. */
  readonly names: Readonly<Record<string, string>> | null;
  /** Containers of the project that were running. */
  readonly running: readonly string[];
}

/** An apply, and what its verbs wrote down. */
export interface Applied {
  readonly ran: Ran;
  readonly notes: readonly Note[];
}

const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
const declaredImages = ['ollama/ollama:0.34.0', 'haproxy:2.6', 'prom/prometheus:v2.53.5'];

/** A project on the real engine by the real Terraform, whose verbs are stand-ins that write down what was running. */
export class StandInDeployment {
  readonly name = `succession-${randomBytes(4).toString('hex')}`;
  readonly gateway = `${this.name}-gateway`;
  readonly #home = mkdtempSync(path.join(tmpdir(), 'ollama-stacks-succession-'));
  readonly #images: Record<string, Resolved['images'][string]> = {};
  #stackDir: string | undefined;

  private constructor(readonly terraform: RealTerraform) {}

  static async create(): Promise<StandInDeployment> {
    const deployment = new StandInDeployment(await RealTerraform.prepare(host));
    const bin = path.join(deployment.#home, 'bin');
    mkdirSync(bin);
    copyFileSync(path.join(import.meta.dirname, 'stand-in-verbs.mjs'), path.join(bin, 'ollama-stacks.mjs'));
    for (const name of declaredImages) deployment.#images[name] = await preparedImage(name);
    return deployment;
  }

  get stackDir(): string {
    if (this.#stackDir === undefined) throw new Error('nothing is synthesized yet');
    return this.#stackDir;
  }

  /** Synthesizes this manifest, and applies; `fail` is the verb that fails. */
  async apply(text: string, fail = ''): Promise<Applied> {
    const { manifest, diagnostics } = parseManifest(`project: ${this.name}\n${text}`, { env: {} });
    if (manifest === undefined) throw new Error(JSON.stringify(diagnostics));
    const isFirst = this.#stackDir === undefined;
    const engine = { version: '', source: '', host };
    this.#stackDir = synthesizeIn(this.#home, manifest, { engine, images: this.#images });
    if (isFirst) await this.terraform.init(this.#stackDir);
    const noted = path.join(this.#home, 'log.ndjson');
    writeFileSync(path.join(this.#home, 'fail'), fail);
    writeFileSync(noted, '');
    const ran = await this.terraform.apply(this.#stackDir);
    const notes = readFileSync(noted, 'utf8').split('\n').filter(Boolean);
    return { ran, notes: notes.map((line) => JSON.parse(line) as Note) };
  }

  /** Names of its containers, or of those of one server; also of such that do not run. */
  async containers(server?: string): Promise<string[]> {
    const label = server === undefined ? [] : ['--filter', `label=io.ollama-stacks.server=${server}`];
    const names = await docker('ps', '--all', ...this.#mine, ...label, '--format', '{{.Names}}');
    return names.split('\n').filter(Boolean).toSorted();
  }

  async volumes(): Promise<string[]> {
    return (await docker('volume', 'ls', '--quiet', ...this.#mine)).split('\n').filter(Boolean).toSorted();
  }

  async remove(): Promise<void> {
    if (this.#stackDir !== undefined) await this.terraform.destroy(this.#stackDir);
    await this.#removeEach('ps --all --quiet', 'rm --force --volumes');
    await this.#removeEach('volume ls --quiet', 'volume rm --force');
    await this.#removeEach('network ls --quiet', 'network rm');
    rmSync(this.#home, { recursive: true });
  }

  get #mine(): string[] {
    return ['--filter', `label=io.ollama-stacks.project=${this.name}`];
  }

  async #removeEach(list: string, remove: string): Promise<void> {
    const left = (await docker(...list.split(' '), ...this.#mine)).split('\n').filter(Boolean);
    if (left.length > 0) await run('docker', [...remove.split(' '), ...left]);
  }
}

/** Free ports of this machine. */
export async function freePorts() {
  return { door: await getPort(), metrics: await getPort(), prometheus: await getPort(), server: await getPort() };
}

import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import getPort from 'get-port';
import { debianPrograms, type DebianPrograms } from './debian-programs.js';
import type { TestServer } from './ollama-server.js';
import { docker } from './project.js';
import { accessLogOf, distributionConfig, nginxConfig, storageOf } from './registry-config.js';
import type { RegistryAuth, RegistryConfig } from './registry-config.js';
import { RegistryWriter } from './registry-writer.js';
import { createCertificate } from './test-certificate.js';
import { answersAt, listens, startProcess, type TestProcess } from './test-process.js';

export interface ModelRegistryOptions {
  /** https with a certificate of an authority that nobody trusts (`ModelRegistry.ca`). */
  readonly tls?: boolean;
  /** Limit of each connection to the files. */
  readonly bytesPerSecond?: number;
  /** Wanted by the registry, not by the files. */
  readonly auth?: RegistryAuth;
  /** Where it listens (default: 127.0.0.1); `bridgeAddress()` is reached from containers with a network of their own. */
  readonly address?: string;
  /** Stands between clients and files: gets the port of the files and returns the port of a proxy to it. */
  readonly between?: (port: number) => Promise<number>;
}

/** One line of the access log. A request is in it once it has ended. */
export interface RegistryRequest {
  /** The registry, or the server of the files that it redirects to. */
  readonly at: 'registry' | 'files';
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  /** Bytes of the body that were handed to the connection; those of a broken one need not have arrived. */
  readonly bytes: number;
  /** `Range` header, empty without one. */
  readonly range: string;
  readonly agent: string;
  /** `Authorization` header, empty without one. */
  readonly authorized: string;
}

/**
 * Starts a registry that `ollama pull` works against: Debian's docker-registry with a redirect to a server of files
 * (nginx, with ranges). Everything is on one address, in a folder of its own, and gone after `remove`.
 */
export async function startModelRegistry(options: ModelRegistryOptions = {}): Promise<ModelRegistry> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-registry-'));
  try {
    const [front, back, files, log] = await Promise.all([getPort(), getPort(), getPort(), getPort()]);
    const redirect = (await options.between?.(files)) ?? files;
    const { tls = false, auth, bytesPerSecond, address = '127.0.0.1' } = options;
    const config = {
      folder,
      address,
      ports: { front, back, files, log, redirect },
      ...(tls && { certificate: await createCertificate(folder, address) }),
      ...(auth && { auth }),
      ...(bytesPerSecond !== undefined && { bytesPerSecond }),
    };
    const registry = new ModelRegistry(config, await debianPrograms());
    await registry.start();
    return registry;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

export class ModelRegistry implements AsyncDisposable {
  #processes: TestProcess[] = [];
  /** Puts models into it, past its front. */
  readonly writer: RegistryWriter;

  constructor(
    private readonly config: RegistryConfig,
    private readonly programs: DebianPrograms,
  ) {
    this.writer = new RegistryWriter(`http://127.0.0.1:${config.ports.back}`);
  }

  /** What stands before the first `/` of a model's name. */
  get host(): string {
    return `${this.config.address}:${this.config.ports.front}`;
  }

  get url(): string {
    return `${this.config.certificate ? 'https' : 'http'}://${this.host}`;
  }

  /** Path of the certificate of its authority, in PEM; only with `tls`. */
  get ca(): string {
    if (this.config.certificate === undefined) throw new Error('this registry was started without `tls`');
    return this.config.certificate.ca;
  }

  /** Also after `stop`: on the same ports, with the same models. */
  async start(): Promise<void> {
    const { folder, address, ports, auth } = this.config;
    await mkdir(storageOf(folder), { recursive: true });
    const write = (name: string, text: string): Promise<void> => writeFile(path.join(folder, name), text);
    await write('registry.json', distributionConfig(this.config));
    await write('nginx.conf', nginxConfig(this.config));
    if (auth && 'username' in auth) await write('htpasswd', `${auth.username}:{PLAIN}${auth.password}\n`);
    if (auth?.token !== undefined) await write('token.json', JSON.stringify({ token: auth.token, expires_in: 300 }));
    const { registry, nginx } = this.programs;
    const log = (name: string): string => path.join(folder, `${name}.log`);
    const starts = [
      startProcess([registry, 'serve', path.join(folder, 'registry.json')], log('registry'), () =>
        answersAt(`http://127.0.0.1:${ports.back}/v2/`),
      ),
      startProcess([nginx, '-p', folder, '-e', 'stderr', '-c', path.join(folder, 'nginx.conf')], log('nginx'), () =>
        listens(address, ports.files),
      ),
    ];
    const started = await Promise.allSettled(starts);
    this.#processes = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = started.find((one) => one.status === 'rejected');
    if (failed === undefined) return;
    await this.stop();
    throw failed.reason;
  }

  /** Ends it as a crash does, with connections cut; the models stay. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((one) => one.stop()));
    this.#processes = [];
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.config.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  /**
   * Pushes a model that `server` has, by Ollama itself (`/api/copy`, `/api/push`); the server needs the machine's
   * network, and for `tls` trust in `ca`.
   * @param as `namespace/model:tag`
   * @returns the name to pull
   */
  async push(server: TestServer, name: string, as: string): Promise<string> {
    // Ollama sends no credentials of ours, so it goes past what asks for them.
    const host = this.config.auth ? `127.0.0.1:${this.config.ports.back}` : this.host;
    const copy = `${host}/${as}`;
    await post(server, 'copy', { source: name, destination: copy });
    try {
      const answer = await post(server, 'push', { model: copy, insecure: this.config.certificate === undefined });
      if (!/"status":"success"/.test(answer)) throw new Error(`push of ${copy}: ${answer.trim().split('\n').at(-1)}`);
    } finally {
      await docker('exec', '--env', `OLLAMA_HOST=${new URL(server.url).host}`, server.container, 'ollama', 'rm', copy);
    }
    return `${this.host}/${as}`;
  }

  /** Changes bytes in the middle of a blob or manifest (`sha256:…`) without changing its length. */
  async corrupt(digest: string): Promise<void> {
    const hex = digest.replace('sha256:', '');
    const file = path.join(
      storageOf(this.config.folder),
      'docker/registry/v2/blobs/sha256',
      hex.slice(0, 2),
      hex,
      'data',
    );
    await using data = await open(file, 'r+');
    const middle = Math.floor((await data.stat()).size / 2);
    const byte = Buffer.alloc(1);
    await data.read(byte, 0, 1, middle);
    await data.write(Buffer.of((byte[0] ?? 0) ^ 0xff), 0, 1, middle);
  }

  /** Moves the tag `name` (`namespace/model:tag`) to what `other` is; what it was is no longer served. Returns the new digest. */
  async retag(name: string, other: string): Promise<string> {
    return this.writer.retag(this.#short(name), this.#short(other));
  }

  /** Every request that has ended, except pushes that went past the front, in order. */
  async requests(): Promise<readonly RegistryRequest[]> {
    await answersAt(`http://127.0.0.1:${this.config.ports.log}`);
    const log = await readFile(accessLogOf(this.config.folder), 'utf8').catch(() => '');
    return log
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as RegistryRequest);
  }

  #short(name: string): string {
    return name.replace(`${this.host}/`, '');
  }
}

async function post({ url }: TestServer, route: string, body: unknown): Promise<string> {
  const response = await fetch(`${url}/api/${route}`, { method: 'POST', body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`/api/${route}: ${text}`);
  return text;
}

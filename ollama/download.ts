import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, fetch } from 'undici';
import type { Response } from 'undici';
import { LoadError } from './load-error.js';

/** Bytes so far, and of the whole where the server tells. */
export type OnBytes = (completed: number, total: number | undefined) => void;

/**
 * Downloads `url` to `target`, and goes on where an earlier attempt stopped when the server still has the same file
 * (`<target>.partial`, its ETag beside it). Honours the proxy variables. Throws `LoadError` when the server refuses; a
 * cut connection rejects with its own error, keeps what came, and may be tried again.
 */
export async function download(url: string, target: string, signal: AbortSignal, onBytes: OnBytes): Promise<void> {
  const partial = `${target}.partial`;
  await mkdir(path.dirname(target), { recursive: true });
  const dispatcher = new EnvHttpProxyAgent({
    connect: { timeout: 10_000 },
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  });
  try {
    const resume = await resumable(partial);
    const response = await fetch(url, { dispatcher, signal, headers: resume.headers });
    if (!response.ok) throw new LoadError(`${url} answers HTTP ${response.status}`, 'check the URL of the GGUF');
    const start = response.status === 206 ? resume.have : 0;
    await rememberEtag(partial, response);
    await pipeline(
      response.body ?? [],
      counting(start, response, onBytes),
      createWriteStream(partial, { flags: start > 0 ? 'a' : 'w' }),
    );
    await rename(partial, target);
    await rm(`${partial}.etag`, { force: true });
  } finally {
    await dispatcher.destroy();
  }
}

/** The headers that ask for the rest. A part of unknown origin is not built upon. */
async function resumable(partial: string): Promise<{ have: number; headers: Record<string, string> }> {
  const etag = await readFile(`${partial}.etag`, 'utf8').catch(() => '');
  const have = await stat(partial).then(
    ({ size }) => size,
    () => 0,
  );
  if (etag === '' || have === 0) return { have: 0, headers: {} };
  return { have, headers: { range: `bytes=${have}-`, 'if-range': etag } };
}

/** `If-Range` takes only strong validators (RFC 9110, 13.1.5). */
async function rememberEtag(partial: string, response: Response): Promise<void> {
  const etag = response.headers.get('etag') ?? '';
  await writeFile(`${partial}.etag`, etag.startsWith('W/') ? '' : etag);
}

function counting(start: number, response: Response, onBytes: OnBytes): Transform {
  const length = response.headers.get('content-length');
  const total = length === null ? undefined : start + Number(length);
  let completed = start;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      completed += chunk.length;
      onBytes(completed, total);
      done(null, chunk);
    },
  });
}

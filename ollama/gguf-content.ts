import { open, stat } from 'node:fs/promises';
import { sourceText } from '../manifest/source-text.js';
import type { GgufSource } from '../manifest/manifest.js';
import { cachedFile } from './gguf-cache.js';
import { ggufFacts } from './gguf-facts.js';
import type { OnBytes } from './download.js';
import type { GgufContext, GgufFile } from './gguf-file.js';
import { resolveGguf } from './gguf-file.js';
import { readGgufHeader } from './gguf-header.js';
import { LoadError } from './load-error.js';
import { UnreadableGguf } from './gguf-cursor.js';
import { RemoteFile } from './remote-file.js';
import type { SourceContent } from './source-content.js';

/** See `ResolutionContext`. */
type GgufContentContext = Omit<GgufContext, 'onBytes'> & { readonly onBytes?: OnBytes };

/**
 * What a GGUF is. One on https whose sha256 is declared is asked for its size and its front only; every other that is not on this
 * machine is downloaded to the cache, because nothing else tells its sha256.
 */
export async function ggufContent(source: GgufSource, context: GgufContentContext): Promise<SourceContent> {
  const { location, sha256 } = source;
  const distant =
    location.kind === 'https' && sha256 !== undefined && !(await exists(cachedFile(context.cache, location)));
  const content = distant ? await distantContent(location.url, sha256, context.signal) : undefined;
  if (content !== undefined) return content;
  const { cache, root, signal, onBytes = ignore } = context;
  const file = await resolveGguf(source, { cache, root, signal, onBytes });
  return { layers: [layer(file.sha256, file.bytes)], facts: await factsOf(file, sourceText(source)) };
}

const ignore = (): void => {};

/** Undefined when the server does not tell the size. */
async function distantContent(url: string, sha256: string, signal: AbortSignal): Promise<SourceContent | undefined> {
  await using file = new RemoteFile(url, signal);
  const header = await describe(
    url,
    readGgufHeader(async (start, end) => file.range(start, end)),
  );
  return file.size === undefined ? undefined : { layers: [layer(sha256, file.size)], facts: ggufFacts(header) };
}

async function factsOf({ path }: GgufFile, source: string): Promise<SourceContent['facts']> {
  const handle = await open(path);
  try {
    const read = async (start: number, end: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
      return buffer.subarray(0, bytesRead);
    };
    return ggufFacts(await describe(source, readGgufHeader(read, { tensors: true })));
  } finally {
    await handle.close();
  }
}

async function describe<T>(where: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof UnreadableGguf)) throw error;
    throw new LoadError(`${where}: ${error.message}`, error.hint, { cause: error });
  }
}

function layer(sha256: string, bytes: number): SourceContent['layers'][number] {
  return { kind: 'model', digest: `sha256:${sha256}`, bytes };
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

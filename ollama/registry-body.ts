import type { Readable } from 'node:stream';

/** The whole body; undefined when it is longer than `limit` bytes, of which no more are read. */
export async function readAtMost(body: Readable, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of partOf(body, 0, limit + 1)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return bytes.length > limit ? undefined : bytes;
}

/** Bytes `start` (inclusive) to `end` (exclusive) of a body, which is given up after them. */
export async function* partOf(body: Readable, start: number, end: number): AsyncGenerator<Buffer> {
  let position = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const part = chunk.subarray(Math.max(0, start - position), Math.max(0, end - position));
    position += chunk.length;
    if (part.length > 0) yield part;
    if (position >= end) return;
  }
}

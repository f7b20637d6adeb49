import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { built, cacheName, cachePath, type CacheKey } from '../../toolchain/cache.js';
import { temporaryWorkshop } from './workshop-fixture.js';

const key: CacheKey = { name: 'piece-1.0', recipe: ['flag'] };
const fill = (into: string) => writeFile(path.join(into, 'file'), 'whole');

it('builds once and finds it afterwards', async () => {
  await using workshop = await temporaryWorkshop();
  expect(await built(workshop, key, fill)).toMatchObject({ built: true });
  const again = await built(workshop, key, () => Promise.reject(new Error('built twice')));
  expect(again.built).toBe(false);
  expect(await readFile(path.join(again.directory, 'file'), 'utf8')).toBe('whole');
});

it('leaves nothing of a build that failed', async () => {
  await using workshop = await temporaryWorkshop();
  const failing = built(workshop, key, async (into) => {
    await fill(into);
    throw new Error('interrupted');
  });
  await expect(failing).rejects.toThrow('interrupted');
  expect(await readdir(workshop.cache)).toEqual([]);
});

it('starts over from what a killed build left', async () => {
  await using workshop = await temporaryWorkshop();
  const partial = `${cachePath(workshop, key)}.partial`;
  await mkdir(partial, { recursive: true });
  await writeFile(path.join(partial, 'half'), '');
  const { directory } = await built(workshop, key, fill);
  expect(await readdir(directory)).toEqual(['file']);
});

it('two checkouts build the same piece once', async () => {
  await using workshop = await temporaryWorkshop();
  let builds = 0;
  const count = async (into: string) => {
    builds += 1;
    await fill(into);
  };
  const results = await Promise.all([built(workshop, key, count), built(workshop, key, count)]);
  expect(builds).toBe(1);
  expect(results.filter((result) => result.built)).toHaveLength(1);
});

it.each([
  ['recipe', { ...key, recipe: ['other'] }],
  ['name', { ...key, name: 'piece-1.1' }],
])('another %s is another piece', (_, other) => {
  expect(cacheName(other)).not.toBe(cacheName(key));
});

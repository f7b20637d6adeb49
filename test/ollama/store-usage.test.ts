import { expect, it } from 'vitest';
import type { StoredManifest, StoreInventory } from '../../ollama/store-inventory.js';
import { bytesOf, freedBy, usersOf } from '../../ollama/store-usage.js';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

function stored(name: string, ...letters: string[]): StoredManifest {
  const layers = letters.map((letter) => ({ mediaType: 'application/x', digest: digest(letter), size: 1 }));
  return { name, digest: digest('0'), layers };
}

/** `a` is the weights of two models, `d` of none; `e` is named and missing. */
const inventory: StoreInventory = {
  models: [stored('base:latest', 'a', 'b'), stored('derived:latest', 'a', 'c'), stored('half:latest', 'e', 'c', 'c')],
  blobs: new Map([
    [digest('a'), 1000],
    [digest('b'), 200],
    [digest('c'), 30],
    [digest('d'), 4],
  ]),
  free: 0,
};

it.each([
  { names: [], bytes: 0, freed: 0 },
  { names: ['base'], bytes: 1200, freed: 200 },
  { names: ['Library/BASE:latest', 'derived:latest'], bytes: 1230, freed: 1200 },
  { names: ['half'], bytes: 30, freed: 0 },
  { names: ['derived', 'half'], bytes: 1030, freed: 30 },
  { names: ['base:latest', 'derived:latest', 'half:latest'], bytes: 1230, freed: 1230 },
  { names: ['base:7b', 'foreign'], bytes: 0, freed: 0 },
])('$names take $bytes bytes and free $freed', ({ names, bytes, freed }) => {
  expect([bytesOf(names, inventory), freedBy(names, inventory)]).toEqual([bytes, freed]);
});

it('names the models of a blob once each', () => {
  const users = usersOf(inventory.models);
  expect(users.get(digest('a'))).toEqual(['base:latest', 'derived:latest']);
  expect(users.get(digest('c'))).toEqual(['derived:latest', 'half:latest']);
  expect(users.has(digest('d'))).toBe(false);
});

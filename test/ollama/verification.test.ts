import { expect, it } from 'vitest';
import type { StoredManifest, StoreInventory } from '../../ollama/store-inventory.js';
import { judgeStore } from '../../ollama/verification.js';
import { HashingReader } from '../../ollama/verification-hashing.js';

const hex = (letter: string): string => letter.repeat(64);
const digest = (letter: string): string => `sha256:${hex(letter)}`;

function stored(name: string, sizes: Readonly<Record<string, number>>): StoredManifest {
  const layers = Object.entries(sizes).map(([one, size]) => ({
    mediaType: 'application/x',
    digest: digest(one),
    size,
  }));
  return { name, digest: digest('0'), layers };
}

const models = [stored('one:latest', { a: 10, b: 20 }), stored('two:latest', { b: 20, c: 30 })];

/** Blobs as letter to bytes and what they hash to. */
function judge(blobs: Readonly<Record<string, [number, string?]>>, changes: Partial<StoreInventory> = {}, locked = {}) {
  const hashed = Object.entries(blobs).map(([name, [bytes, actual]]) => {
    return { digest: digest(name), bytes, ...(actual && { actual: digest(actual) }) };
  });
  const inventory = { models, blobs: new Map(), free: 0, ...changes };
  return judgeStore(inventory, { blobs: hashed, partial: { files: 0, bytes: 0 } }, new Map(Object.entries(locked)));
}

const sound = { a: [10, 'a'], b: [20, 'b'], c: [30, 'c'] } as Record<string, [number, string?]>;

it.each([
  ['sound', sound, []],
  [
    'other bytes',
    { ...sound, b: [20, 'f'] },
    [{ kind: 'corrupt', digest: digest('b'), bytes: 20, expected: 20, models: ['one:latest', 'two:latest'] }],
  ],
  [
    'cut short',
    { ...sound, a: [9, 'f'] },
    [{ kind: 'corrupt', digest: digest('a'), bytes: 9, expected: 10, models: ['one:latest'] }],
  ],
  [
    'not readable',
    { ...sound, a: [10] },
    [{ kind: 'unreadable', digest: digest('a'), bytes: 10, models: ['one:latest'] }],
  ],
  [
    'not there',
    { a: [10, 'a'], b: [20, 'b'] },
    [{ kind: 'missing', digest: digest('c'), bytes: 30, models: ['two:latest'] }],
  ],
  ['bad, of no model', { ...sound, d: [1, 'e'] }, [{ kind: 'corrupt', digest: digest('d'), bytes: 1, models: [] }]],
] as [string, Record<string, [number, string?]>, object[]][])('%s', (_, blobs, findings) => {
  expect(judge(blobs).findings).toEqual(findings);
});

it('tells what no model has, and what came while it read, from what is bad', () => {
  const { findings, unreferenced } = judge({ ...sound, d: [7, 'd'] });
  expect([findings, unreferenced]).toEqual([[], [{ digest: digest('d'), bytes: 7, actual: digest('d') }]]);
  const late = [...models, stored('late:latest', { e: 5 })];
  expect(judge(sound, { models: late, blobs: new Map([[digest('e'), 5]]) }).findings).toEqual([]);
  expect(judge(sound, { models: late }).findings).toMatchObject([{ kind: 'missing', models: ['late:latest'] }]);
});

it('names models that cannot be read, and those that the lock pins to another digest', () => {
  const broken = [{ name: 'bad:latest', reason: 'the file is empty' }];
  expect(judge(sound, { broken }, { 'one:latest': digest('0'), 'two:latest': digest('9') }).findings).toEqual([
    { kind: 'broken-manifest', models: ['bad:latest'], reason: 'the file is empty' },
    { kind: 'not-locked', models: ['two:latest'], digest: digest('0'), locked: digest('9') },
  ]);
});

it('counts bytes of files under way and never backwards', () => {
  const seen: number[] = [];
  const reader = new HashingReader((completed, total) => seen.push(completed, total));
  const lines = [
    `100 sha256-${hex('a')}`,
    `50 sha256-${hex('b')}`,
    `9 sha256-${hex('c')}-partial`,
    `3 sha256-1234`,
    '',
  ];
  for (const line of lines) reader.line(line);
  for (const line of ['~ 60', `${hex('a')}  sha256-${hex('a')}`, '~ 0', `${hex('0')}  sha256-${hex('b')}`])
    reader.line(line);
  expect(seen).toEqual([60, 150, 100, 150, 100, 150, 150, 150]);
  expect(reader.result).toEqual({
    blobs: [
      { digest: digest('a'), bytes: 100, actual: digest('a') },
      { digest: digest('b'), bytes: 50, actual: digest('0') },
    ],
    partial: { files: 1, bytes: 9 },
  });
});

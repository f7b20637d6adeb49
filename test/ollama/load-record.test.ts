import { expect, it } from 'vitest';
import type { StoreRecord } from '../../ollama/load-record.js';
import { formatRecord, mergeRecords, parseRecord } from '../../ollama/load-record.js';

const old = { declaration: 'sha256:d', digest: 'aaaa' };

it.each<[string, string | undefined, object]>([
  ['none', undefined, { models: {}, rates: {} }],
  ['a damaged one', '{"models":{"a', { models: {}, rates: {} }],
  ['something else', '[1]', { models: {}, rates: {} }],
  ['one of before', JSON.stringify({ 'a:latest': old }), { models: { 'a:latest': old }, rates: {} }],
  ['one of before with a model called models', JSON.stringify({ models: old }), { models: { models: old }, rates: {} }],
  [
    'entries that are none',
    JSON.stringify({ models: { 'a:latest': old, 'b:latest': 1 }, rates: { x: 5e6, y: 'fast' } }),
    { models: { 'a:latest': old }, rates: { x: 5e6 } },
  ],
])('reads %s', (_, text, record) => {
  expect(parseRecord(text)).toEqual(record);
});

it('is written in the order of names, so that nothing changes when nothing changed', () => {
  const one = { models: { b: old, a: old }, rates: {} };
  expect(formatRecord(one)).toBe(formatRecord(parseRecord(formatRecord(one))));
  expect(Object.keys(parseRecord(formatRecord(one)).models)).toEqual(['a', 'b']);
});

function recordOf(digest: string | undefined): StoreRecord {
  return { models: digest === undefined ? {} : { m: { ...old, digest } }, rates: {} };
}

it.each<[string, string | undefined, string | undefined, string | undefined, string | undefined]>([
  ['the store knows it', 'aaaa', 'bbbb', 'aaaa', 'aaaa'],
  ['neither knows it', 'aaaa', 'bbbb', 'cccc', 'aaaa'],
  ['only the copy knows it', 'aaaa', 'bbbb', 'bbbb', 'bbbb'],
  ['only the copy has heard of it', undefined, 'bbbb', 'bbbb', 'bbbb'],
  ['it is gone', undefined, 'bbbb', undefined, undefined],
])('of store and copy: %s', (_, own, copy, stored, expected) => {
  const digests = new Map(stored === undefined ? [] : [['m', stored]]);
  expect(mergeRecords(recordOf(own), recordOf(copy), digests).models.m?.digest).toBe(expected);
});

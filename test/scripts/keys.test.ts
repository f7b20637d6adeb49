import { describe, expect, it } from 'vitest';
import { keyRequest } from '../../scripts/keys/key-request.js';
import { keyTable, publicKeyFacts } from '../../scripts/keys/key-table.js';
import { Failure } from '../../scripts/shell/problem.js';

const declared = ['qwen3:latest', 'smollm2:135m'];
const problem = (...[operands, flags]: [string[], Record<string, string>?]): string => {
  try {
    return JSON.stringify(keyRequest(operands, flags ?? {}, declared));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error.code).toBe(2);
    return error.message;
  }
};

describe('words', () => {
  it('become a request', () => {
    expect(keyRequest([], {}, declared)).toEqual({ action: 'list' });
    expect(keyRequest(['add', 'ci'], {}, declared)).toEqual({ action: 'add', name: 'ci', limits: {} });
    const flags = { models: 'qwen3, smollm2:135m', rpm: '60', concurrency: '2' };
    expect(keyRequest(['add', 'ci'], flags, declared)).toEqual({
      action: 'add',
      name: 'ci',
      limits: { models: declared, requestsPerMinute: 60, concurrency: 2 },
    });
    expect(keyRequest(['rotate', 'ci'], {}, declared)).toEqual({ action: 'rotate', name: 'ci', grace: 600 });
    expect(keyRequest(['rotate', 'ci'], { grace: '0s' }, declared)).toEqual({ action: 'rotate', name: 'ci', grace: 0 });
    expect(keyRequest(['rotate', 'ci'], { grace: '1h30m' }, declared)).toMatchObject({ grace: 5400 });
    expect(keyRequest(['revoke', 'ci'], {}, declared)).toEqual({ action: 'revoke', name: 'ci' });
  });

  it('that mean nothing are refused', () => {
    expect(problem(['delete', 'ci'])).toBe('keys knows no delete');
    expect(problem(['toString'])).toBe('keys knows no toString');
    expect(problem(['add'])).toBe('keys add wants the name of a key');
    expect(problem(['add', 'a', 'b'])).toBe('keys add takes one name, got a b');
    expect(problem(['list', 'a'])).toBe('keys list takes no name, got a');
    expect(problem(['revoke', 'a'], { rpm: '1' })).toBe('keys revoke takes no --rpm');
    expect(problem(['add', 'a'], { grace: '1m' })).toBe('keys add takes no --grace');
    for (const rpm of ['0', '-1', '1.5', '', 'x', '1000001', '1e3'])
      expect(problem(['add', 'a'], { rpm })).toBe(`--rpm wants a number from 1 to 1000000, got ${rpm}`);
    for (const grace of ['-1s', 'soon', ''])
      expect(problem(['rotate', 'a'], { grace })).toContain('--grace wants a time');
    expect(problem(['add', 'a'], { models: 'qwen3,' })).toBe('--models wants names with a comma between them');
    expect(problem(['add', 'a'], { models: 'smollm2:135n' })).toBe(
      '--models: the manifest declares no model smollm2:135n; did you mean "smollm2:135m"?',
    );
  });
});

it('tells everything of a key but its hashes', () => {
  const key = { name: 'ci', sha256: 'a'.repeat(64), created: '2026-11-23T12:00:00.500Z' };
  const retiring = { sha256: 'b'.repeat(64), until: '2026-11-23T12:10:00.500Z' };
  const facts = publicKeyFacts({ ...key, models: ['a:b'], concurrency: 2, retiring });
  expect(facts).toEqual({
    name: 'ci',
    created: key.created,
    models: ['a:b'],
    requestsPerMinute: undefined,
    concurrency: 2,
    retiringUntil: retiring.until,
  });
  const rows = keyTable([key, { ...key, name: 'x', models: ['a:b', 'c:d'], requestsPerMinute: 9, retiring }]).split(
    '\n',
  );
  expect(rows.map((line) => line.split(/ {2,}/))).toEqual([
    ['name', 'created', 'models', 'a minute', 'at once', 'old key until'],
    ['ci', '2026-11-23 12:00 UTC', 'all', '-', '-', '-'],
    ['x', '2026-11-23 12:00 UTC', 'a:b, c:d', '9', '-', '2026-11-23 12:10 UTC'],
    [''],
  ]);
  expect(keyTable([])).toContain('npm run keys -- add NAME');
});

import { describe, expect, it } from 'vitest';
import type { Expectation } from '../../../manifest/manifest.js';
import { judge } from '../../../scripts/smoke/expectation-checks.js';

const schema = { type: 'object', properties: { capital: { type: 'string' } }, required: ['capital'] };
const answer = (text: string, tokensPerSecond = 50) => ({ text, tokensPerSecond });

describe('judge', () => {
  it.each<[string, Partial<Expectation>, ReturnType<typeof answer>]>([
    ['contains, in whatever case', { contains: 'paris' }, answer('It is Paris.')],
    ['matches', { matches: '^It is \\w+' }, answer('It is Paris.')],
    ['JSON of the schema', { jsonSchema: schema }, answer('{"capital":"Paris"}')],
    ['fast enough', { minTokensPerSecond: 50 }, answer('x', 50)],
  ])('passes: %s', (_case, expectation, given) => {
    expect(judge({ prompt: 'q', ...expectation }, given)).toBeTruthy();
  });

  it.each<[string, Partial<Expectation>, ReturnType<typeof answer>, RegExp]>([
    [
      'another text',
      { contains: 'Paris' },
      answer('It is Rome.'),
      /wanted an answer that contains "Paris"; the answer was "It is Rome\."/,
    ],
    ['another pattern', { matches: '^\\d+$' }, answer('four'), /wanted an answer that matches \/\^\\d\+\$\//],
    ['no JSON', { jsonSchema: schema }, answer('Paris'), /wanted JSON: /],
    [
      'other JSON',
      { jsonSchema: schema },
      answer('{"capital":1}'),
      /wanted JSON of the schema: \/capital must be string/,
    ],
    ['too slow', { minTokensPerSecond: 60 }, answer('x', 50), /wanted at least 60 tokens\/s, got 50\.0 tokens\/s/],
    ['everything at once', { contains: 'a', matches: 'b' }, answer('x'), /contains "a"; .* matches \/b\//],
  ])('fails: %s', (_case, expectation, given, message) => {
    expect(() => judge({ prompt: 'q', ...expectation }, given)).toThrow(message);
  });
});

import { expect, it } from 'vitest';
import { suggestion } from '../../manifest/suggestion.js';

it.each([
  ['prot', ['port', 'env'], 'did you mean "port"?'],
  ['form', ['from'], 'did you mean "from"?'],
  ['zzzzzz', ['port', 'env'], undefined],
  ['abc', ['env', 'xyz'], undefined],
  ['x', [], undefined],
])('%j among %j: %j', (word, candidates, hint) => expect(suggestion(word, candidates)).toBe(hint));

it('gives up among very many', () => {
  expect(
    suggestion(
      'm1',
      Array.from({ length: 1001 }, (_, index) => `m${index}x`),
    ),
  ).toBeUndefined();
});

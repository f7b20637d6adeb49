import { expect, it } from 'vitest';
import { ollamaRecipe } from '../../toolchain/ollama-versions.js';

it.each([
  ['0.34.0', 'llama-server'],
  ['0.24.0', 'inside'],
])('%s: %s', (version, inference) => {
  expect(ollamaRecipe(version).inference).toBe(inference);
});

it('says which versions can be built', () => {
  expect(() => ollamaRecipe('0.33.9')).toThrow(
    expect.objectContaining({
      code: 'image-unknown-version',
      message: 'no registry answers, and Ollama 0.33.9 cannot be built here: only 0.34.0 and 0.24.0 can',
    }),
  );
});

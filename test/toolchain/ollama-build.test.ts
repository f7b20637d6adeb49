import { expect, it } from 'vitest';
import { inferenceEnvironment, ollamaProgram } from '../../toolchain/ollama-build.js';

it('sets the version that /api/version answers', () => {
  expect(ollamaProgram('0.34.0').variables).toEqual({ 'github.com/ollama/ollama/version.Version': '0.34.0' });
});

it.each([
  [true, '-O3 -march=x86-64-v3'],
  [false, '-O3'],
])('inference inside, v3 %j: %s', (v3, flags) => {
  expect(inferenceEnvironment({ v3 }, '/headers')).toEqual({
    CGO_CFLAGS: flags,
    CGO_CXXFLAGS: flags,
    CPLUS_INCLUDE_PATH: '/headers',
  });
});

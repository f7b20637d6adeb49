import { expect, it } from 'vitest';
import { serves } from '../../toolchain/go.js';

it.each([
  ['go1.26.8\nlocal', true],
  ['go1.27\nlocal', true],
  ['go2.0.0\nlocal', true],
  ['go1.21.0\nauto', true],
  ['go1.24.1\npath', true],
  ['go1.24.1\nlocal', false],
  ['go1.19.8\n', false],
  ['', false],
])('%j: %j', (output, expected) => {
  expect(serves(output)).toBe(expected);
});

import { expect, it } from 'vitest';
import { cpuFeatures } from '../../toolchain/cpu.js';

it.each([
  ['flags\t\t: fpu avx avx2 bmi1 bmi2 f16c fma abm movbe sse4_2', true],
  ['flags\t\t: fpu avx avx2 bmi1 f16c fma abm movbe', false],
  ['flags\t\t: fpu sse2', false],
  ['Features\t: fp asimd', false],
  ['', false],
])('%j: %j', (cpuinfo, v3) => {
  expect(cpuFeatures(cpuinfo)).toEqual({ v3 });
});

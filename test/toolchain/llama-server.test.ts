import { expect, it } from 'vitest';
import { cmakeArguments, compileJobs } from '../../toolchain/llama-server.js';

const GiB = 2 ** 30;

it('compiles with the extensions of the CPU, and never natively', () => {
  expect(cmakeArguments({ v3: true })).toEqual(
    expect.arrayContaining(['-DGGML_AVX2=ON', '-DGGML_FMA=ON', '-DGGML_NATIVE=OFF']),
  );
  expect(cmakeArguments({ v3: false }).filter((argument) => /AVX|FMA|F16C|BMI/.test(argument))).toEqual([]);
});

it('leaves out what would need the network, or nobody starts', () => {
  const off = [
    'LLAMA_BUILD_TESTS',
    'LLAMA_BUILD_EXAMPLES',
    'LLAMA_BUILD_APP',
    'LLAMA_BUILD_UI',
    'LLAMA_USE_PREBUILT_UI',
    'LLAMA_OPENSSL',
  ];
  expect(cmakeArguments({ v3: true })).toEqual(expect.arrayContaining(off.map((name) => `-D${name}=OFF`)));
});

it.each([
  [2, 16 * GiB, 2],
  [64, 8 * GiB, 8],
  [4, GiB / 2, 1],
])('%j cores and %j bytes: %j compilers', (cores, memory, jobs) => {
  expect(compileJobs(cores, memory)).toBe(jobs);
});

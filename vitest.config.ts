import { defineConfig } from 'vitest/config';

// unit: no engine needed beyond what a test starts itself; e2e: the real thing on the real engine, and its faults; matrix:
// the same by other tools and versions (`npm run test:matrix`); silence: ten minutes of waiting (`npm run test:silence`); bench: figures (`npm run bench:models`).
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Most files wait for an engine or a server, also when every core has one.
          maxWorkers: '150%',
          include: ['test/**/*.test.ts'],
          exclude: ['test/faults/**'],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.ts', 'test/faults/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          // Each file has names, ports and engines of its own.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'matrix',
          include: ['test/matrix/**/*.matrix.ts'],
          exclude: ['test/matrix/*-silence.matrix.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'silence',
          include: ['test/matrix/*-silence.matrix.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'bench',
          include: ['test/bench/**/*.bench.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

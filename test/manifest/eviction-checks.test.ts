import { expect, it } from 'vitest';
import { report } from './base-manifest.js';

const unloads = 'so each request to one unloads the other';

it.each<[name: string, models: string, lines: string[]]>([
  ['two sources', 'a: { parameters: { num_ctx: 1 } }, b: ', []],
  [
    'the same options',
    'a: { from: x, parameters: { num_ctx: 1 } }, b: { from: X:latest, parameters: { num_ctx: 1 } }',
    [],
  ],
  ['other options than those of the runner', 'a: { from: x, parameters: { top_k: 1 } }, b: { from: x }', []],
  ['what the server says anyway', 'a: { from: x, parameters: { num_ctx: 4096, num_gpu: -1 } }, b: { from: x }', []],
  [
    'one source',
    'a: { from: x }, b: { from: x, parameters: { num_ctx: 1 } }',
    [
      `1:55 models.b.parameters.num_ctx: warning "a" and "b" share their weights but not num_ctx (4096 and 1), ${unloads}; give both the same num_ctx, or offer them on two servers`,
    ],
  ],
  [
    'a declared base, by inheritance',
    'x: { parameters: { use_mmap: false } }, a: { from: x, parameters: { num_thread: 2 } }, b: { from: a }',
    [
      `1:79 models.a.parameters.num_thread: warning "x" and "a" share their weights but not num_thread (0 and 2), ${unloads}; give both the same num_thread, or offer them on two servers`,
      `1:98 models.b: warning "x" and "b" share their weights but not num_thread (0 and 2), ${unloads}; give both the same num_thread, or offer them on two servers`,
    ],
  ],
  [
    'an adapter',
    'a: { from: { gguf: ./x.gguf } }, b: { from: { gguf: ./x.gguf }, adapters: [./l.gguf] }',
    [
      `1:75 models.b.adapters: warning "a" and "b" share their weights but not adapters (none and ./l.gguf), ${unloads}; give both the same adapters, or offer them on two servers`,
    ],
  ],
  ['a circle', 'a: { from: b, parameters: { num_ctx: 1 } }, b: { from: a, parameters: { num_ctx: 1 } }', []],
])('%s', (_, models, lines) => {
  expect(report(`models: { ${models} }\n`)).toEqual(lines.map((line) => `models.yaml:${line}`));
});

it('looks at each server by itself, and says the same once', () => {
  const models = 'models: { a: { from: x }, b: { from: x, parameters: { num_ctx: 1 } } }\n';
  const lines = (servers: string): string[] => report(`servers: { ${servers} }\n${models}`);
  expect(lines('s: { port: 1, models: [a] }, t: { port: 2, models: [b] }')).toEqual([]);
  expect(lines('s: { port: 1 }, t: { port: 2 }')).toHaveLength(1);
  expect(lines('s: { port: 1, context_length: 1 }')).toEqual([]);
});

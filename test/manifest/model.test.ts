import { expect, it } from 'vitest';
import type { Model } from '../../manifest/manifest.js';
import { parseManifest } from '../../manifest/parse.js';

const sha256 = 'AB'.repeat(32);
const qwen = { kind: 'registry', ref: { host: 'registry.ollama.ai', namespace: 'library', model: 'qwen3', tag: '8b' } };

function model(keys: string): Model | undefined {
  return parseManifest(`models: { Chat: { ${keys} } }\n`, { env: {} }).manifest?.models[0];
}

/** A case for every key of a model: what is written, and what it becomes. */
const cases = {
  name: ['', 'Chat:latest'],
  from: ['from: qwen3:8b', [qwen]],
  system: ['system: Be kind.', 'Be kind.'],
  template: ['template: "{{ .Prompt }}"', '{{ .Prompt }}'],
  renderer: ['renderer: qwen3', 'qwen3'],
  parser: ['parser: qwen3', 'qwen3'],
  requires: ['requires: 0.20.0', '0.20.0'],
  license: ['license: MIT', ['MIT']],
  parameters: ['parameters: { num_ctx: 8, stop: x, use_mmap: false }', { num_ctx: 8, stop: ['x'], use_mmap: false }],
  preload: ['preload: true', { keepAlive: '-1' }],
  adapters: [
    `adapters: [{ gguf: "pypi:p==1/l.gguf", sha256: ${sha256} }]`,
    [
      {
        kind: 'gguf',
        location: { kind: 'pypi', package: 'p', version: '1', path: 'l.gguf' },
        sha256: sha256.toLowerCase(),
      },
    ],
  ],
  messages: ['messages: [{ role: user, content: hi }]', [{ role: 'user', content: 'hi' }]],
  expect: [
    'expect: [{ prompt: p, json_schema: { type: object }, min_tokens_per_second: 2 }, { prompt: q, dimensions: 3 }]',
    [
      { prompt: 'p', jsonSchema: { type: 'object' }, minTokensPerSecond: 2 },
      { prompt: 'q', dimensions: 3 },
    ],
  ],
} as const satisfies Record<keyof Model, readonly [string, unknown]>;

it.each(Object.entries(cases))('%s', (key, [text, value]) => expect(model(text)).toMatchObject({ [key]: value }));

it.each([
  ['preload: false', undefined],
  ['preload: {}', { keepAlive: '-1' }],
  ['preload: { keep_alive: 30m }', { keepAlive: '30m' }],
  ['preload: { keep_alive: 300 }', { keepAlive: '300' }],
])('reads %s', (keys, preload) => expect(model(keys)?.preload).toEqual(preload));

it('takes an adapter as a path alone', () => {
  expect(model('adapters: [./l.gguf]')?.adapters).toEqual([
    { kind: 'gguf', location: { kind: 'file', path: './l.gguf' } },
  ]);
});

it('takes a list of sources, in order', () => {
  expect(model(`from: [qwen3:8b, { gguf: ./a.gguf }, { gguf: "https://h/a", sha256: ${sha256} }]`)?.from).toEqual([
    qwen,
    { kind: 'gguf', location: { kind: 'file', path: './a.gguf' } },
    { kind: 'gguf', location: { kind: 'https', url: 'https://h/a' }, sha256: sha256.toLowerCase() },
  ]);
});

it('keeps the order of declaration', () => {
  const { manifest } = parseManifest('models: { b: , a: , 10: }\n', { env: {} });
  expect(manifest?.models.map(({ name }) => name)).toEqual(['b:latest', 'a:latest', '10:latest']);
});

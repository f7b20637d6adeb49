import { expect, it } from 'vitest';
import { parseManifest } from '../../manifest/parse.js';

const env = { TAG: '0.32.0', PORT: '8080', EMPTY: '', ON: 'true', YAML: 'x\nproject: evil', NUMBER: '12' };

it.each([
  ['part of a text', 'image: ollama/ollama:${TAG}', 'image', 'ollama/ollama:0.32.0'],
  ['a default', 'image: ollama/ollama:${NOPE:-0.33.0}', 'image', 'ollama/ollama:0.33.0'],
  ['a default for an empty one', 'image: ollama/ollama:${EMPTY:-0.33.0}', 'image', 'ollama/ollama:0.33.0'],
  ['a number', 'servers: { a: { port: "${PORT}" } }', 'port', 8080],
  ['a number by default', 'servers:\n  a:\n    port: ${NOPE:-99}', 'port', 99],
  ['a fraction', 'servers:\n  a:\n    cpus: ${NOPE:-1.5}', 'cpus', 1.5],
  ['a boolean', 'servers:\n  a:\n    flash_attention: ${ON}', 'flashAttention', true],
  ['digits where text is wanted', 'servers:\n  a:\n    store: ${NUMBER}', 'store', '12'],
  [
    'a count of GPUs',
    'servers:\n  a:\n    gpu: { vendor: nvidia, devices: "${NOPE:-2}" }',
    'gpu',
    { vendor: 'nvidia', devices: 2 },
  ],
  ['an escape', 'servers:\n  a:\n    env: { A: "$${PORT} $5" }', 'env', { A: '${PORT} $5' }],
  ['YAML in a value, as plain text', 'servers:\n  a:\n    env: { A: "${YAML}" }', 'env', { A: 'x\nproject: evil' }],
])('%s', (_, text, key, value) => {
  const { manifest, diagnostics } = parseManifest(text, { env });
  expect(diagnostics).toEqual([]);
  expect(manifest?.project).toBe('ollama');
  expect(manifest?.servers[0]).toMatchObject({ [key]: value });
});

it.each([
  ['${NOPE}', 'the variable NOPE is not set'],
  ['${constructor}', 'the variable constructor is not set'],
  ['${}', 'cannot read "${}"'],
  ['${1A}', 'cannot read "${1A}"'],
  ['${A:?must}', 'cannot read "${A:?must}"'],
  ['${A', 'cannot read "${A"'],
])('refuses %j where it stands, and only there', (text, message) => {
  const { manifest, diagnostics } = parseManifest(`project: a\nservers:\n  a:\n    port: ${text}\n`, { env });
  expect(manifest).toBeUndefined();
  expect(diagnostics.map((found) => [found.message, found.line, found.column])).toEqual([[message, 4, 11]]);
});

it('says where a value of a variable is wrong', () => {
  const { diagnostics } = parseManifest('servers:\n  a:\n    port: ${TAG}\n', { env });
  expect(diagnostics).toMatchObject([{ message: 'must be a number, got "0.32.0"', line: 3, column: 11 }]);
});

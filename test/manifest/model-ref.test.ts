import { expect, it } from 'vitest';
import { formatModelRef, modelRefKey, parseModelRef } from '../../manifest/model-ref.js';

it.each([
  ['smollm2:135m', 'registry.ollama.ai', 'library', 'smollm2', '135m', 'smollm2:135m'],
  ['qwen3', 'registry.ollama.ai', 'library', 'qwen3', 'latest', 'qwen3:latest'],
  ['user/qwen3', 'registry.ollama.ai', 'user', 'qwen3', 'latest', 'user/qwen3:latest'],
  ['Library/qwen3', 'registry.ollama.ai', 'Library', 'qwen3', 'latest', 'qwen3:latest'],
  ['registry.ollama.ai/library/a.b:c_d', 'registry.ollama.ai', 'library', 'a.b', 'c_d', 'a.b:c_d'],
  ['hf.co/user/repo-GGUF:Q4_K_M', 'hf.co', 'user', 'repo-GGUF', 'Q4_K_M', 'hf.co/user/repo-GGUF:Q4_K_M'],
  ['localhost:5000/ns/m', 'localhost:5000', 'ns', 'm', 'latest', 'localhost:5000/ns/m:latest'],
  ['_a:_b', 'registry.ollama.ai', 'library', '_a', '_b', '_a:_b'],
])('parses %j and writes its short form', (text, host, namespace, model, tag, short) => {
  const { ref } = parseModelRef(text);
  expect(ref).toEqual({ host, namespace, model, tag });
  expect(ref && formatModelRef(ref)).toBe(short);
});

it.each([
  ['', 'has an empty model'],
  ['a:', 'has an empty tag'],
  ['/a', 'has an empty namespace'],
  ['a@sha256:00', 'names a digest, and Ollama pulls by tag only'],
  ['https://ollama.com/library/a', 'is a URL; write host/namespace/model:tag'],
  ['a/b/c/d', 'has more parts than host/namespace/model:tag'],
  ['../a', 'has the namespace ".."; allowed are letters, digits, "_" and "-", first a letter, digit or "_"'],
  ['..', 'has the model ".."; allowed are letters, digits, "_", "-" and ".", first a letter, digit or "_"'],
  ['a;rm -rf', 'has the model "a;rm -rf"; allowed are letters, digits, "_", "-" and ".", first a letter, digit or "_"'],
  ['a:`id`', 'has the tag "`id`"; allowed are letters, digits, "_", "-" and ".", first a letter, digit or "_"'],
  ['a\nb', 'has the model "a\\nb"; allowed are letters, digits, "_", "-" and ".", first a letter, digit or "_"'],
  [
    'localhost:5000/a',
    'has the namespace "localhost:5000"; allowed are letters, digits, "_" and "-", first a letter, digit or "_"',
  ],
  ['a'.repeat(81), 'has a model longer than 80 characters'],
  [`${'h'.repeat(351)}/n/m`, 'has a host longer than 350 characters'],
])('refuses %j', (text, reason) => expect(parseModelRef(text)).toEqual({ reason }));

it.each([
  ['gemma3', 'Gemma3:latest', true],
  ['gemma3', 'registry.ollama.ai/library/gemma3', true],
  ['llama3', 'llama3.1', false],
  ['llama3.1:8b', 'llama3:18b', false],
])('%j and %j are one model: %s', (a, b, same) => {
  const keys = [a, b].map((text) => parseModelRef(text).ref).map((ref) => ref && modelRefKey(ref));
  expect(keys[0] === keys[1]).toBe(same);
});

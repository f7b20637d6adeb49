import { expect, it } from 'vitest';
import { imageVersion, isOlder, parseImageRef, rocmImage } from '../../manifest/image-ref.js';

const digest = `sha256:${'a'.repeat(64)}`;

it.each([
  ['ollama/ollama', { repository: 'ollama/ollama' }],
  ['ollama/ollama:0.34.0', { repository: 'ollama/ollama', tag: '0.34.0' }],
  ['registry.local:5000/a/b__c:x', { repository: 'registry.local:5000/a/b__c', tag: 'x' }],
  [`ollama@${digest}`, { repository: 'ollama', digest }],
  [`a/ollama:1-rocm@${digest}`, { repository: 'a/ollama', tag: '1-rocm', digest }],
  ['Ollama', undefined],
  ['a b', undefined],
  ['a:', undefined],
  ['a@sha256:12', undefined],
  ['https://a/b', undefined],
  ['', undefined],
  ['a:$(id)', undefined],
])('parses %j', (text, expected) => expect(parseImageRef(text)).toEqual(expected));

it.each([
  ['ollama/ollama:0.17.0', true],
  ['ollama/ollama:v0.9.9', true],
  ['ollama/ollama:0.17.1-rc2', true],
  ['ollama/ollama:0.17.0-rocm', true],
  ['ollama/ollama:0.17.1', false],
  ['mirror.local/ollama:0.100.0', false],
  ['ollama/ollama:1.0.0', false],
  ['acme/llm:0.1.0', undefined],
  ['ollama/ollama:latest', undefined],
])('%j is older than 0.17.1: %s', (text, older) => {
  const image = parseImageRef(text);
  const version = image && imageVersion(image);
  expect(version && isOlder(version, '0.17.1')).toBe(older);
});

it.each([
  ['ollama/ollama:0.34.0', 'ollama/ollama:0.34.0-rocm'],
  ['ollama/ollama', 'ollama/ollama:rocm'],
  ['ollama/ollama:latest', 'ollama/ollama:rocm'],
  ['ollama/ollama:rocm', 'ollama/ollama:rocm'],
  [`ollama/ollama:0.34.0-rocm@${digest}`, `ollama/ollama:0.34.0-rocm@${digest}`],
  ['acme/llm:2', 'acme/llm:2'],
  [`ollama/ollama@${digest}`, undefined],
  [`ollama/ollama:0.34.0@${digest}`, undefined],
])('an AMD server of %j runs %j', (text, expected) => {
  const image = parseImageRef(text);
  expect(image && rocmImage(text, image)).toBe(expected);
});

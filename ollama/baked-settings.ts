import type { Model, ParameterValue } from '../manifest/manifest.js';
import { sha256 } from './registry-manifest.js';

/** What the manifest bakes into a model, for the diff of a lock: parameters as they are, texts as `sha256:`. */
export function bakedSettings({
  parameters,
  system,
  template,
  renderer,
  parser,
  requires,
  messages,
  license,
}: Model): Record<string, ParameterValue> {
  const texts = {
    system,
    template,
    messages: messages.length === 0 ? undefined : JSON.stringify(messages),
    license: license?.join('\n'),
  };
  const hashes = Object.entries(texts).flatMap(([key, text]) =>
    text === undefined ? [] : [[key, sha256(Buffer.from(text))] as const],
  );
  const words = Object.entries({ renderer, parser, requires }).flatMap(([key, word]) =>
    word === undefined ? [] : [[key, word] as const],
  );
  const sorted = Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries([...sorted, ...words, ...hashes]);
}

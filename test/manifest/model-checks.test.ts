import { expect, it } from 'vitest';
import { changed, report } from './base-manifest.js';

it.each<[name: string, from: string, to: string, line: string]>([
  [
    'shell text as a name',
    '  smollm2:135m: {}',
    '  $(reboot): {}',
    '19:3 models["$(reboot)"]: the name "$(reboot)" has the model "$(reboot)"; allowed are letters, digits, "_", "-" and ".", first a letter, digit or "_"',
  ],
  [
    'a path as a name',
    '  smollm2:135m: {}',
    '  ../../etc/passwd: {}',
    '19:3 models["../../etc/passwd"]: the name "../../etc/passwd" has more parts than host/namespace/model:tag',
  ],
  [
    'a digest as a source',
    'from: qwen3:8b',
    'from: qwen3@sha256:ab',
    '15:11 models.chat.from: the name "qwen3@sha256:ab" names a digest, and Ollama pulls by tag only',
  ],
  [
    'a file as a source',
    'from: qwen3:8b',
    'from: ./x.gguf',
    '15:11 models.chat.from: the name "./x.gguf" has the namespace "."; allowed are letters, digits, "_" and "-", first a letter, digit or "_"; write { gguf: "./x.gguf" }',
  ],
  [
    'one model twice',
    '  smollm2:135m: {}',
    '  Chat:latest: {}',
    '19:3 models["Chat:latest"]: this is the same model as "chat"; ollama does not mind case, and no tag means latest',
  ],
  [
    'a GGUF over http',
    'from: qwen3:8b',
    'from: { gguf: "http://a/b" }',
    '15:19 models.chat.from.gguf: "http://a/b" is neither a file nor an https:// URL',
  ],
  [
    'a GGUF unchecked',
    'from: qwen3:8b',
    'from: { gguf: "https://a/b" }',
    '15:19 models.chat.from.gguf: warning nothing checks that this download is the file you mean; add its sha256',
  ],
  [
    'an adapter unchecked',
    'from: qwen3:8b',
    'adapters: ["pypi:p==1/l.gguf"]',
    '15:16 models.chat.adapters[0]: warning nothing checks that this download is the file you mean; write { gguf: …, sha256: … }',
  ],
  [
    'an adapter over http',
    'from: qwen3:8b',
    'adapters: [{ gguf: "http://a/b" }]',
    '15:24 models.chat.adapters[0].gguf: "http://a/b" is neither a file nor an https:// URL',
  ],
  [
    'a bad pattern',
    'contains: hello',
    'matches: "("',
    '18:32 models.chat.expect[0].matches: is no regular expression: /(/: Unterminated group',
  ],
])('%s', (_, from, to, line) => {
  expect(report(changed(from, to))).toEqual([`models.yaml:${line}`]);
});

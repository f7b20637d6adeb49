import { expect, it } from 'vitest';
import { parseManifest } from '../../manifest/parse.js';
import { report } from './base-manifest.js';

const files: Readonly<Record<string, string>> = {
  'm/Modelfile': `FROM ../weights/base.gguf
ADAPTER lora.gguf
SYSTEM theirs
TEMPLATE theirs
LICENSE theirs
MESSAGE user theirs
PARAMETER num_ctx 1
PARAMETER top_k 2
`,
  './Bad': 'FROM chat\nPARAMETER mirostat 1\nPARAMETR num_ctx 1\n',
  './LICENSE': 'MIT',
  './EMPTY': '\n',
};
const readText = (path: string): string | undefined => files[path];
const file = (path: string) => ({ kind: 'gguf', location: { kind: 'file', path } });

it.each([
  [
    '',
    {
      from: [file('./weights/base.gguf')],
      adapters: [file('./m/lora.gguf')],
      system: 'theirs',
      template: 'theirs',
      license: ['theirs'],
      messages: [{ role: 'user', content: 'theirs' }],
      parameters: { num_ctx: 1, top_k: 2 },
    },
  ],
  [
    `, adapters: [./b.gguf], system: ours, template: ours, license: [ours, { file: ./LICENSE }],
       messages: [{ role: assistant, content: ours }], parameters: { num_ctx: 8, seed: 1 }`,
    {
      from: [file('./weights/base.gguf')],
      adapters: [file('./b.gguf')],
      system: 'ours',
      template: 'ours',
      license: ['ours', 'MIT'],
      messages: [{ role: 'assistant', content: 'ours' }],
      parameters: { num_ctx: 8, top_k: 2, seed: 1 },
    },
  ],
])('a model of a Modelfile and the keys %j', (keys, expected) => {
  const text = `models: { a: { from: { modelfile: m/Modelfile } ${keys} } }\n`;
  const { manifest, diagnostics, reads } = parseManifest(text, { env: {}, readText });
  expect(diagnostics).toEqual([]);
  expect(manifest?.models[0]).toMatchObject(expected);
  expect(reads).toEqual(keys === '' ? ['m/Modelfile'] : ['./LICENSE', 'm/Modelfile']);
});

const next = 'create it, or name another file; paths are relative to the manifest';

it.each<[name: string, keys: string, lines: string[]]>([
  [
    'a Modelfile with mistakes',
    'from: { modelfile: ./Bad }',
    [
      '1:35 models.a.from.modelfile: warning ./Bad:2: ollama ignores the parameter mirostat; take the line out',
      '1:35 models.a.from.modelfile: ./Bad:3: unknown instruction "PARAMETR"; did you mean "PARAMETER"?',
    ],
  ],
  [
    'no Modelfile',
    'from: { modelfile: ./None }',
    [`1:35 models.a.from.modelfile: cannot read ./None, the Modelfile of model "a"; ${next}`],
  ],
  [
    'a Modelfile in a list',
    'from: [b, { modelfile: ./Bad }]',
    ['1:26 models.a.from[1]: a Modelfile stands alone, not in a list; write from: { modelfile: "./Bad" }'],
  ],
  [
    'a Modelfile with more keys',
    'from: { modelfile: m/Modelfile, sha: 1 }',
    ['1:48 models.a.from.sha: unknown key; known are gguf, sha256, modelfile'],
  ],
  [
    'no license',
    'license: { file: ./None }',
    [`1:33 models.a.license.file: cannot read ./None, the license of model "a"; ${next}`],
  ],
  [
    'an empty license',
    'license: [MIT, { file: ./EMPTY }]',
    ['1:39 models.a.license[1].file: ./EMPTY, the license of model "a", is empty; write its text, or take the key out'],
  ],
])('%s', (_, keys, lines) => {
  const text = `models: { a: { ${keys} } }\n`;
  expect(report(text, { readText })).toEqual(lines.map((line) => `models.yaml:${line}`));
});

it('asks for a file once, and for none where there is no reader', () => {
  const text = 'models: { a: { license: { file: ./LICENSE } }, b: { license: { file: ./LICENSE } } }\n';
  const asked: string[] = [];
  const counting = (path: string): string | undefined => {
    asked.push(path);
    return readText(path);
  };
  expect(parseManifest(text, { env: {}, readText: counting }).reads).toEqual(['./LICENSE']);
  expect(asked).toEqual(['./LICENSE']);
  expect(report(text)).toHaveLength(2);
});

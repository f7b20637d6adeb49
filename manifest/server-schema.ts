import * as z from 'zod';
import { keepAliveSchema } from './duration-schema.js';
import { gpuSchema } from './gpu-schema.js';
import { isIpv4 } from './ip-address.js';
import { parseBytes } from './units.js';

const nameRule = 'must start with a letter or digit, then letters, digits, "_", "." or "-"';

/** A part of the name of a container, volume or network (`RestrictedNamePattern` of moby). */
export const namePart = z
  .string()
  .max(100)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, nameRule);

/** Docker wants two characters of a whole name. */
const volumeName = namePart.min(2);

/** Docker refuses a smaller limit. */
const leastMemory = 6 * 2 ** 20;
const memoryRule = 'must be a size of at least 6 MiB, such as 8GiB or 500MB';

const memory = z.union([
  z.int().min(leastMemory, memoryRule),
  z.string().refine((text) => (parseBytes(text) ?? 0) >= leastMemory, memoryRule),
]);

const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of an environment variable'),
  z.union([z.string(), z.number(), z.boolean()]),
);

const addressRule =
  'must be a port alone: servers listen on 127.0.0.1, and to open them to others there is gateway: { address: … }';

/** Whether somebody wrote where to listen, as in `0.0.0.0:11434`, in place of a port. */
function isAddress(value: unknown): boolean {
  return typeof value === 'string' && (value.includes(':') || isIpv4(value));
}

/** One server as the user writes it. */
export const serverSchema = z.strictObject({
  port: z
    .int({ error: (issue) => (isAddress(issue.input) ? addressRule : undefined) })
    .min(1)
    .max(65_535)
    .optional()
    .describe(
      'Host port, published on 127.0.0.1, without a key. Default 11434 when there is one server; required otherwise. Behind a gateway there is none unless declared, and a server that declares one is replaced with a gap.',
    ),
  gpu: gpuSchema
    .default('none')
    .describe('`none`, `all` (every NVIDIA GPU), or a map with the vendor and the devices.'),
  memory: memory.optional().describe('Memory limit of the container (`8GiB`, `500MB`, bytes). No limit by default.'),
  cpus: z.number().min(0.01).optional().describe('CPU limit in cores (`1.5`). No limit by default.'),
  context_length: z.int().min(1).default(4096).describe('Context in tokens of a model that does not set `num_ctx`.'),
  num_parallel: z.int().min(1).optional().describe('Requests that one model answers at the same time.'),
  max_loaded_models: z.int().min(1).optional().describe('Models held in memory at the same time.'),
  keep_alive: keepAliveSchema
    .optional()
    .describe('How long an idle model stays in memory (`30m`, seconds, `-1` for ever).'),
  kv_cache_type: z
    .enum(['f16', 'q8_0', 'q4_0', 'f32', 'bf16', 'q4_1', 'q5_0', 'q5_1', 'iq4_nl'])
    .optional()
    .describe('Type of the key/value cache; Ollama before 0.30 knows `f16`, `q8_0` and `q4_0`.'),
  flash_attention: z.boolean().optional().describe('Force flash attention on or off; Ollama decides by default.'),
  prompt_cache: z
    .union([z.int().min(0), z.string().refine((text) => parseBytes(text) !== undefined, 'must be a size such as 1GiB')])
    .optional()
    .describe(
      'Most main memory that the earlier prompts of one model may fill (Ollama 0.30 and later). Default: nothing with a limit (`memory`), else what Ollama takes, 8 GiB.',
    ),
  placement: z
    .literal('auto')
    .optional()
    .describe(
      'Split into one server for each of its GPUs, on the ports from `port` on, with the models spread by size.',
    ),
  replicas: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'Make this many servers of it (`<name>-0`, `<name>-1` …), on one store, behind the gateway; without GPUs.',
    ),
  env: environment.default({}).describe('Further environment variables; they win over the keys above.'),
  store: volumeName
    .optional()
    .describe('Volume that holds the models; servers may share one. Default `<project>-models`.'),
  models: z.array(z.string()).optional().describe('Names of the models that this server offers. Default: all.'),
});

export type RawServer = z.output<typeof serverSchema>;

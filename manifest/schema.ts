import * as z from 'zod';
import { gatewaySchema } from './gateway-schema.js';
import { modelSchema } from './model-schema.js';
import { observabilitySchema } from './observability-schema.js';
import { registrySchema } from './registry-schema.js';
import { namePart, serverSchema } from './server-schema.js';

/**
 * `models.yaml` as the user writes it, after profiles and variables. The one source of types, defaults, checks,
 * `models.schema.json` and the option table. Keys that start with `x-` are free at the root and taken out before.
 */
export const manifestSchema = z.strictObject({
  version: z.literal(1).default(1).describe('Version of this format.'),
  project: namePart.default('ollama').describe('Prefix of every container, volume and network.'),
  image: z
    .string()
    .default('ollama/ollama:0.34.0')
    .describe('Image of the servers, by tag or digest; an AMD server gets the `-rocm` tag of the same version.'),
  servers: z
    .record(namePart, serverSchema.nullable())
    .default({ main: null })
    .describe('Ollama servers by name; each is one container.'),
  gateway: gatewaySchema
    .nullable()
    .optional()
    .describe('The one door in front of the servers, with keys and TLS; an empty value takes every default.'),
  observability: observabilitySchema
    .optional()
    .describe('`true`, or a map: Prometheus with alerts for the gateway, and Grafana where its image can be had.'),
  models: z
    .record(z.string(), modelSchema.nullable())
    .default({})
    .describe('Models by the name that clients call; an empty value pulls that name.'),
  registries: z
    .record(z.string(), registrySchema.nullable())
    .default({})
    .describe('Model registries by host (`models.example:5000`) of which something has to be said.'),
  mirror: z
    .string()
    .optional()
    .describe('Host of the registry that every pull from the Ollama library goes to instead; names stay as they are.'),
  prune: z
    .boolean()
    .default(false)
    .describe('Remove models that this project loaded and no longer declares; others are never touched.'),
  keep: z
    .array(z.string())
    .default([])
    .describe('Models that `prune` leaves although nothing declares them; `*` matches any text (`qwen3:*`, `team/*`).'),
  profiles: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('Overlays by name: maps merge, lists and values replace, null removes.'),
});

export type RawManifest = z.output<typeof manifestSchema>;

import * as z from 'zod';

const all = z.literal('all');

const nvidiaDevice = z.union([
  z.int().min(0),
  z
    .string()
    .regex(
      /^(?:\d+(?::\d+)?|GPU-[0-9a-fA-F-]+|MIG-[\w/-]+|[a-z0-9.-]+\/[\w.-]+=[\w.:-]+)$/,
      'must be an index, a UUID (GPU-… or MIG-…) or a CDI name (nvidia.com/gpu=0)',
    ),
]);

const renderNodes = z
  .union([all, z.array(z.string().regex(/^renderD\d+$/, 'must be a render node such as renderD128')).min(1)])
  .default('all')
  .describe('`all`, or render nodes under /dev/dri (`renderD128`).');

const groups = z
  .array(z.int().min(0))
  .default([])
  .describe('Numeric ids of the host groups that own the device nodes (`stat -c %g /dev/kfd /dev/dri/renderD128`).');

const none = z.strictObject({ vendor: z.literal('none').describe('No GPU.') });

const nvidia = z.strictObject({
  vendor: z.literal('nvidia').describe('Needs the NVIDIA container toolkit on the engine.'),
  devices: z
    .union([all, z.int().min(1), z.array(nvidiaDevice).min(1)])
    .default('all')
    .describe('`all`, a count, or a list of indexes, UUIDs, MIG UUIDs or CDI names.'),
});

const amd = z.strictObject({
  vendor: z.literal('amd').describe('ROCm; the server gets the `-rocm` tag of the image.'),
  devices: renderNodes,
  groups,
  gfx_version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, 'must be a version such as "10.3.0"')
    .optional()
    .describe('`HSA_OVERRIDE_GFX_VERSION`, for cards that ROCm does not list (`10.3.0`).'),
});

const vulkan = z.strictObject({
  vendor: z.literal('vulkan').describe('Intel, or AMD without ROCm.'),
  devices: renderNodes,
  groups,
});

/** Which accelerators a server gets, as the user writes it. */
export const gpuSchema = z.union([
  z.enum(['none', 'all'], 'must be none, all, or a map such as { vendor: nvidia, devices: all }'),
  z.discriminatedUnion('vendor', [none, nvidia, amd, vulkan]),
]);

export type RawGpu = z.output<typeof gpuSchema>;

import { parseImageRef, rocmImage } from './image-ref.js';
import type { Gpu, Server } from './manifest.js';
import { modelRefKey, parseModelRef } from './model-ref.js';
import type { RawGpu } from './gpu-schema.js';
import type { RawManifest } from './schema.js';
import { defaultPort } from './server-checks.js';
import { serverSchema, type RawServer } from './server-schema.js';
import { parseBytes } from './units.js';

/**
 * The servers of a manifest that passed every check, in the order of `names`; `models` are the canonical names of its
 * models.
 */
export function buildServers(manifest: RawManifest, names: readonly string[], models: readonly string[]): Server[] {
  return names.map((name) => buildServer(name, manifest.servers[name] ?? serverSchema.parse({}), manifest, models));
}

function buildServer(name: string, server: RawServer, manifest: RawManifest, models: readonly string[]): Server {
  const gpu = buildGpu(server.gpu);
  return {
    name,
    container: `${manifest.project}-${name}`,
    image: gpu.vendor === 'amd' ? amdImage(manifest.image) : manifest.image,
    port: server.port ?? (manifest.gateway === undefined ? defaultPort : undefined),
    gpu,
    memory: bytesOf(server.memory),
    cpus: server.cpus,
    contextLength: server.context_length,
    numParallel: server.num_parallel,
    maxLoadedModels: server.max_loaded_models,
    keepAlive: server.keep_alive === undefined ? undefined : String(server.keep_alive),
    kvCacheType: server.kv_cache_type,
    flashAttention: server.flash_attention,
    env: Object.fromEntries(Object.entries(server.env).map(([key, value]) => [key, String(value)])),
    store: server.store ?? `${manifest.project}-models`,
    models: server.models === undefined ? models : offered(server.models, models),
    ...(server.prompt_cache !== undefined && { promptCache: bytesOf(server.prompt_cache) }),
    ...(server.placement && { placement: server.placement }),
    ...(server.replicas !== undefined && { replicas: server.replicas }),
  };
}

function offered(names: readonly string[], models: readonly string[]): string[] {
  const wanted = new Set(names.map(keyOf));
  return models.filter((model) => wanted.has(keyOf(model)));
}

function keyOf(name: string): string {
  const { ref } = parseModelRef(name);
  if (ref === undefined) throw new Error(`unchecked model name ${JSON.stringify(name)}`);
  return modelRefKey(ref);
}

function amdImage(text: string): string {
  const image = parseImageRef(text);
  const rocm = image && rocmImage(text, image);
  if (rocm === undefined) throw new Error(`unchecked image ${JSON.stringify(text)}`);
  return rocm;
}

/** The accelerators of a server whose declaration passed the schema; `all` is every NVIDIA GPU. */
export function buildGpu(gpu: RawGpu): Gpu {
  if (gpu === 'all') return { vendor: 'nvidia', devices: 'all' };
  if (gpu === 'none' || gpu.vendor === 'none') return { vendor: 'none' };
  const memory = bytesOf(gpu.memory);
  const common = memory === undefined ? {} : { memory };
  if (gpu.vendor === 'nvidia') {
    return { vendor: 'nvidia', devices: Array.isArray(gpu.devices) ? gpu.devices.map(String) : gpu.devices, ...common };
  }
  if (gpu.vendor === 'jetson') return { vendor: 'jetson', ...(gpu.jetpack && { jetpack: gpu.jetpack }), ...common };
  const rendered = { devices: gpu.devices, ...(gpu.groups && { groups: gpu.groups }), ...common };
  if (gpu.vendor === 'vulkan') return { vendor: 'vulkan', ...rendered };
  return { vendor: 'amd', ...rendered, ...(gpu.gfx_version && { gfxVersion: gpu.gfx_version }) };
}

function bytesOf(size: number | string | undefined): number | undefined {
  return typeof size === 'string' ? parseBytes(size) : size;
}

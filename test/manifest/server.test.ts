import { expect, it } from 'vitest';
import type { Server } from '../../manifest/manifest.js';
import { parseManifest } from '../../manifest/parse.js';

/** A case for every key of a server that is written: what is written, and what it becomes. */
const cases = {
  port: ['port: 1234', 1234],
  gpu: ['gpu: all', { vendor: 'nvidia', devices: 'all' }],
  memory: ['memory: 500MB', 5e8],
  cpus: ['cpus: 1.5', 1.5],
  contextLength: ['context_length: 8192', 8192],
  numParallel: ['num_parallel: 2', 2],
  maxLoadedModels: ['max_loaded_models: 3', 3],
  keepAlive: ['keep_alive: -1', '-1'],
  kvCacheType: ['kv_cache_type: q8_0', 'q8_0'],
  flashAttention: ['flash_attention: false', false],
  env: ['env: { A: 1, B: true, C: c }', { A: '1', B: 'true', C: 'c' }],
  store: ['store: other', 'other'],
  models: ['models: [N, m]', ['m:latest', 'n:latest']],
  name: ['', 'a'],
  container: ['', 'demo-a'],
  image: ['gpu: { vendor: amd }', 'ollama/ollama:0.34.0-rocm'],
  promptCache: ['prompt_cache: 1GiB', 2 ** 30],
  replicas: ['replicas: 3', 3],
  placement: ['gpu: { vendor: nvidia, devices: [0, 1] }, placement: auto', 'auto'],
} as const satisfies Record<Exclude<keyof Server, 'partOf'>, readonly [string, unknown]>;

function server(keys: string): Server | undefined {
  const gateway = keys.startsWith('replicas') ? 'gateway:\n' : '';
  const text = `project: demo\n${gateway}servers: { a: { ${keys} } }\nmodels: { m: , n: }\n`;
  return parseManifest(text, { env: {} }).manifest?.servers[0];
}

it.each(Object.entries(cases))('%s', (key, [text, value]) => expect(server(text)).toMatchObject({ [key]: value }));

it.each([
  ['none', { vendor: 'none' }],
  ['{ vendor: none }', { vendor: 'none' }],
  ['{ vendor: nvidia }', { vendor: 'nvidia', devices: 'all' }],
  ['{ vendor: nvidia, devices: 2 }', { vendor: 'nvidia', devices: 2 }],
  [
    '{ vendor: nvidia, devices: [1, "0:1", GPU-8f2c, MIG-a1/1/0] }',
    { vendor: 'nvidia', devices: ['1', '0:1', 'GPU-8f2c', 'MIG-a1/1/0'] },
  ],
  ['{ vendor: nvidia, devices: [nvidia.com/gpu=0] }', { vendor: 'nvidia', devices: ['nvidia.com/gpu=0'] }],
  [
    '{ vendor: amd, groups: [44, 109], gfx_version: "10.3.0" }',
    { vendor: 'amd', devices: 'all', groups: [44, 109], gfxVersion: '10.3.0' },
  ],
  ['{ vendor: vulkan, devices: [renderD128] }', { vendor: 'vulkan', devices: ['renderD128'] }],
  ['{ vendor: vulkan, groups: [] }', { vendor: 'vulkan', devices: 'all', groups: [] }],
  ['{ vendor: jetson }', { vendor: 'jetson' }],
  ['{ vendor: jetson, jetpack: 6, memory: 8GiB }', { vendor: 'jetson', jetpack: 6, memory: 8 * 2 ** 30 }],
  ['{ vendor: nvidia, memory: 24GiB }', { vendor: 'nvidia', devices: 'all', memory: 24 * 2 ** 30 }],
])('gpu: %s', (text, gpu) => expect(server(`gpu: ${text}`)?.gpu).toEqual(gpu));

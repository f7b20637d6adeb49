import { expect, it } from 'vitest';
import { report } from './base-manifest.js';

/** What is said of one server with these variables (a YAML flow map), without the places. */
function said(env: string, image = '0.34.0', keys = ''): string[] {
  const text = `image: ollama/ollama:${image}\nservers: { main: { ${keys} env: { ${env} } } }\nmodels: { chat: {} }`;
  return report(text)
    .filter((line) => line.includes('servers.main'))
    .map((line) => line.replace(/^\S+ servers\.main\.(?:env\.)?/, ''));
}

it.each([
  ['OLLAMA_KEEPALIVE: 5m', 'OLLAMA_KEEPALIVE: Ollama has no such variable; did you mean "OLLAMA_KEEP_ALIVE"?'],
  ['OLAMA_DEBUG: 1', 'OLAMA_DEBUG: Ollama has no such variable; did you mean "OLLAMA_DEBUG"?'],
  ['ollama_debug: 1', 'ollama_debug: Ollama reads names in capitals only; did you mean "OLLAMA_DEBUG"?'],
  ['Ollama_Debug: 1', 'Ollama_Debug: Ollama reads names in capitals only; did you mean "OLLAMA_DEBUG"?'],
  ['OLLAMA_FOO: 1', 'OLLAMA_FOO: Ollama has no such variable; remove it'],
  ['OLLAMA_PORT: 80', 'OLLAMA_PORT: Ollama has no such variable; write port'],
  ['OLLAMA_NUM_CTX: 8192', 'OLLAMA_NUM_CTX: Ollama has no such variable; write context_length'],
])('the unknown name of %s', (env, line) => {
  expect(said(env)).toEqual([line]);
});

it.each([
  ['OLLAMA_NEW_ENGINE: 1', '0.34.0', 'Ollama 0.34.0 does not read it any more; remove it; llama-server runs'],
  ['OLLAMA_MULTIUSER_CACHE: 1', '0.34.0', 'Ollama 0.34.0 does not read it any more; remove it; llama-server keeps'],
  ['OLLAMA_TMPDIR: /tmp', '0.34.0', 'Ollama does not read it any more; remove it; the container has a /tmp of its own'],
  ['OLLAMA_INTEL_GPU: 1', '0.24.0', 'Ollama does not read it any more; write gpu: { vendor: vulkan }'],
  ['OLLAMA_IGPU_ENABLE: 1', '0.24.0', 'Ollama 0.24.0 does not read it yet; remove it, or take 0.30.0 or later'],
  ['OLLAMA_MAX_TRANSFER_STREAMS: 1', '0.23.2', 'Ollama 0.23.2 does not read it yet; remove it, or take 0.23.3 or'],
  ['LLAMA_ARG_FIT: on', '0.24.0', 'warning Ollama 0.24.0 does not read it yet'],
  ['LLAMA_ARG_THREADS: 2', '0.24.0', 'warning Ollama 0.24.0 does not read it yet'],
  [
    'OLLAMA_AUTH: 1',
    '0.34.0',
    'warning is read by the command line and the app of Ollama; a server does nothing with it',
  ],
  ['LLAMA_ARG_CTX_SIZE: 9', '0.34.0', 'warning Ollama overrules it, or plans without knowing it; write context_length'],
])('%s with Ollama %s', (env, image, text) => {
  expect(said(env, image)).toEqual([expect.stringContaining(`: ${text}`)]);
});

it.each([
  ['OLLAMA_NEW_ENGINE: 1', '0.24.0'],
  ['OLLAMA_GPU_OVERHEAD: 1073741824', '0.24.0'],
  ['OLLAMA_IGPU_ENABLE: 1', '0.34.0'],
  ['OLLAMA_IGPU_ENABLE: 1', '0.34.0-rocm'],
  ['OLLAMA_HOST: "", OLLAMA_MODELS: /root/.ollama/models, NVIDIA_VISIBLE_DEVICES: void', '0.34.0'],
  ['CUDA_VISIBLE_DEVICES: "-1", LLAMA_ARG_THREADS: 2, constructor: 1, FOO: bar, HTTPS_PROXY: "http://p:1"', '0.34.0'],
  ['OLLAMA_DEBUG: 2, OLLAMA_ORIGINS: "*", OLLAMA_NUM_PARALLEL: "", OLLAMA_LOAD_TIMEOUT: 90s', '0.34.0'],
  ['LLAMA_ARG_CACHE_RAM: 0', '0.34.0'],
  // A tag that names no version has no age.
  ['OLLAMA_NEW_ENGINE: 1, OLLAMA_IGPU_ENABLE: 1, OLLAMA_GPU_OVERHEAD: 5', 'latest'],
])('nothing is wrong with { %s } and Ollama %s', (env, image) => {
  expect(said(env, image)).toEqual([]);
});

it.each([
  ['OLLAMA_SCHED_SPREAD: "off"', '"off" is read as true; write 1 or 0'],
  ['OLLAMA_DEBUG: verbose', '"verbose" is read as if it were not there; write 1 (debug) or 2 (trace)'],
  ['OLLAMA_GPU_OVERHEAD: 2G', '"2G" is read as if it were not there; write bytes, such as 2147483648'],
  ['OLLAMA_MAX_QUEUE: many', '"many" is read as if it were not there; write a whole number, such as 4'],
  [
    'OLLAMA_LOAD_TIMEOUT: 5 min',
    '"5 min" is read as if it were not there; write a duration such as 30m or 1h30m, or seconds',
  ],
  ['LLAMA_ARG_FIT_TARGET: 2G', '"2G" is read as another number than it says; write MiB, such as 2048'],
  ['LLAMA_ARG_FIT: maybe', 'llama-server does not start with "maybe"; write on or off'],
])('the value of %s', (env, text) => {
  expect(said(env)).toEqual([expect.stringContaining(`: ${text}`)]);
});

it.each([
  [
    'OLLAMA_CONTEXT_LENGTH: 8192',
    '',
    'warning the manifest has a key for it, which its checks read; write context_length: 8192',
  ],
  ['OLLAMA_KEEP_ALIVE: 300', 'keep_alive: 5m,', 'warning says what keep_alive says; remove it'],
  ['OLLAMA_KEEP_ALIVE: 10m', 'keep_alive: 5m,', 'says 10m where keep_alive says 5m, and wins over it; remove it'],
  ['OLLAMA_FLASH_ATTENTION: 0', 'flash_attention: true,', 'says false where flash_attention says true'],
  ['LLAMA_ARG_CACHE_RAM: 1024', 'prompt_cache: 1GiB,', 'warning says what prompt_cache says; remove it'],
  [
    'OLLAMA_GPU_OVERHEAD: 1073741824',
    '',
    'warning reserves nothing for GGUF models since 0.30; write LLAMA_ARG_FIT_TARGET: 1024',
  ],
  [
    'OLLAMA_HOST: 0.0.0.0',
    '',
    'warning opens nothing: a server is published on 127.0.0.1 at most; remove it; a gateway',
  ],
  ['OLLAMA_HOST: 127.0.0.1', '', 'leads the server away from 0.0.0.0:11434'],
  ['OLLAMA_HOST: "http://0.0.0.0"', '', 'leads the server away from 0.0.0.0:11434'],
  ['OLLAMA_MODELS: /data', '', 'leads away from the volume of the models'],
  ['OLLAMA_NOPRUNE: 0', '', 'warning lets this server delete'],
  ['NVIDIA_VISIBLE_DEVICES: all', '', 'gives the container other GPUs than gpu says'],
  ['CUDA_VISIBLE_DEVICES: "0"', 'gpu: all,', 'warning hides GPUs that are counted'],
  ['OLLAMA_VULKAN: 0', 'gpu: { vendor: vulkan },', 'takes away the only way to the GPU of this server'],
  [
    'HSA_OVERRIDE_GFX_VERSION: 10.3.0',
    'gpu: { vendor: amd },',
    'warning does what gpu.gfx_version does, and wins over it',
  ],
])('%s beside { %s }', (env, keys, text) => {
  expect(said(env, '0.34.0', keys)).toEqual([expect.stringContaining(`: ${text}`)]);
});

// What 0.24.0 and 0.34.0 do with each is seen in test/matrix/environment-variables.matrix.ts.
it.each([
  [
    'kv_cache_type: q8_0, flash_attention: false,',
    '',
    '0.34.0',
    'q8_0 needs flash attention, which is off: no model loads',
  ],
  [
    'kv_cache_type: q8_0,',
    'OLLAMA_FLASH_ATTENTION: 0',
    'latest',
    'q8_0 needs flash attention, which is off: no model loads',
  ],
  [
    'kv_cache_type: q8_0,',
    '',
    '0.24.0',
    'Ollama 0.24.0 takes f16 in place of q8_0 unless flash attention is on; write flash_attention: true',
  ],
  [
    'kv_cache_type: bf16,',
    '',
    '0.24.0',
    'Ollama 0.24.0 takes f16 in place of "bf16", and only its log says so; write one of f16, q8_0, q4_0',
  ],
  ['', 'OLLAMA_KV_CACHE_TYPE: q9', '0.34.0', 'no model loads with "q9"; write one of f16, q8_0,'],
  ['prompt_cache: 1GiB,', '', '0.24.0', 'Ollama 0.24.0 keeps no earlier prompts, so there is nothing to limit'],
])('{ %s } and { %s } with Ollama %s', (keys, env, image, text) => {
  expect(said(env, image, keys)).toContainEqual(expect.stringContaining(`: ${text}`));
});

it.each([
  ['kv_cache_type: q5_1,', '0.34.0'],
  ['kv_cache_type: q8_0,', '0.34.0'],
  ['kv_cache_type: q8_0, flash_attention: true,', '0.24.0'],
  ['kv_cache_type: f16,', '0.24.0'],
  ['kv_cache_type: q5_1, flash_attention: true,', 'latest'],
])('nothing is wrong with { %s } and Ollama %s', (keys, image) => {
  expect(said('', image, keys)).toEqual([]);
});

it('no message shows what a variable of free text holds', () => {
  expect(
    said('OLLAMA_API_KEY: secret-word, OLLAMA_TOKEN: secret-word, OLLAMA_MODELS: secret-word').join('\n'),
  ).not.toContain('secret-word');
});

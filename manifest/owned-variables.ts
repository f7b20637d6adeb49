import type { Finding } from './diagnostics.js';
import { goBoolean } from './environment-value.js';
import type { RawServer } from './server-schema.js';

/** A finding about a variable, without its place. */
export type EnvironmentFinding = Omit<Finding, 'path'>;

/** Variables that hide devices of one kind from a server that was given them. */
const deviceFilters: ReadonlySet<string> = new Set([
  'CUDA_VISIBLE_DEVICES',
  'GGML_VK_VISIBLE_DEVICES',
  'GPU_DEVICE_ORDINAL',
  'HIP_VISIBLE_DEVICES',
  'ROCR_VISIBLE_DEVICES',
]);

/** Where the published port leads. Ollama takes port 80 where a scheme stands alone, and 127.0.0.1 where no host does. */
const publishedHost = /^(?:0\.0\.0\.0(?::11434)?|\[::\](?::11434)?|:11434|http:\/\/(?:0\.0\.0\.0|\[::\]):11434)$/;

/** About a variable that this project sets itself, or that would lead the container past what the manifest says. */
export function checkOwnedVariable(
  name: string,
  value: string,
  server: Partial<RawServer>,
): EnvironmentFinding | undefined {
  const { gpu = 'none' } = server;
  const vendor = gpu === 'all' ? 'nvidia' : typeof gpu === 'object' ? gpu.vendor : gpu;
  if (deviceFilters.has(name)) return vendor === 'none' ? undefined : hiddenDevices;
  switch (name) {
    case 'OLLAMA_HOST':
      return value === '' ? undefined : publishedHost.test(value) ? openHost : movedHost;
    case 'OLLAMA_MODELS':
      return value === '' || value === '/root/.ollama/models' ? undefined : movedModels;
    case 'OLLAMA_NOPRUNE':
      return goBoolean(value) === false ? pruningServer : undefined;
    case 'OLLAMA_VULKAN':
      return vendor === 'vulkan' && goBoolean(value) === false ? withoutVulkan : undefined;
    case 'NVIDIA_VISIBLE_DEVICES':
      return vendor === 'jetson' || ['', 'void', 'none'].includes(value) ? undefined : otherDevices;
    case 'HSA_OVERRIDE_GFX_VERSION':
      return vendor === 'amd' ? gpuKey('gfx_version') : undefined;
    case 'JETSON_JETPACK':
      return vendor === 'jetson' ? gpuKey('jetpack') : undefined;
    case 'OLLAMA_DEBUG_LOG_REQUESTS':
      return value === '' || goBoolean(value) === false ? undefined : loggedPrompts;
    default:
      return undefined;
  }
}

const movedHost: EnvironmentFinding = {
  severity: 'error',
  code: 'env-owned',
  message: 'leads the server away from 0.0.0.0:11434, where its published port ends',
  hint: 'remove it; port chooses the port on this machine, and a gateway opens it to others',
  atKey: true,
};

const openHost: EnvironmentFinding = {
  severity: 'warning',
  code: 'env-owned',
  message: 'opens nothing: a server is published on 127.0.0.1 at most',
  hint: 'remove it; a gateway opens the project to others',
  atKey: true,
};

const movedModels: EnvironmentFinding = {
  severity: 'error',
  code: 'env-owned',
  message: 'leads away from the volume of the models, and the rest of the container is read-only',
  hint: 'remove it; store names the volume',
  atKey: true,
};

const pruningServer: EnvironmentFinding = {
  severity: 'warning',
  code: 'env-owned',
  message: 'lets this server delete, when it starts, what another server of its store is pulling',
  hint: 'remove it; one server of each store prunes',
  atKey: true,
};

const withoutVulkan: EnvironmentFinding = {
  severity: 'error',
  code: 'env-owned',
  message: 'takes away the only way to the GPU of this server',
  hint: 'remove it, or write gpu: none',
  atKey: true,
};

const otherDevices: EnvironmentFinding = {
  severity: 'error',
  code: 'env-owned',
  message: 'gives the container other GPUs than gpu says',
  hint: 'remove it; write gpu: { vendor: nvidia, devices: … }',
  atKey: true,
};

const hiddenDevices: EnvironmentFinding = {
  severity: 'warning',
  code: 'env-owned',
  message: 'hides GPUs that are counted when capacity is planned',
  hint: 'remove it; name the GPUs under gpu.devices',
  atKey: true,
};

const loggedPrompts: EnvironmentFinding = {
  severity: 'warning',
  code: 'logs-prompts',
  message: 'writes every prompt to a file in the container',
  hint: 'remove it where people ask',
  atKey: true,
};

function gpuKey(key: string): EnvironmentFinding {
  const message = `does what gpu.${key} does, and wins over it`;
  return { severity: 'warning', code: 'env-key', message, hint: `write ${key} under gpu`, atKey: true };
}

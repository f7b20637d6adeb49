import type { ContainerDevices } from '@cdktf/provider-docker/lib/container/index.js';
import type { Gpu } from '../../manifest/manifest.js';
import type { DeviceRequest } from './provider-overrides.js';

/** What a container needs to see the accelerators it was promised. */
interface GpuMapping {
  /** `--gpus` of Docker; Docker's own words for everything one string can say without drift. */
  readonly gpus?: string;
  /** What `gpus` cannot say: several named devices, and CDI devices. */
  readonly deviceRequests?: readonly DeviceRequest[];
  readonly devices?: ContainerDevices[];
  /** Numeric group ids, because a name means another group inside the container. */
  readonly groupAdd?: string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The official image asks the NVIDIA runtime for all devices; `void` takes that back. */
const withoutNvidia = { NVIDIA_VISIBLE_DEVICES: 'void' };

/** Docker's view of a declared GPU (research: kreuzwerker/docker 4.6, ollama/docs/docker.mdx and gpu.mdx). */
export function gpuMapping(gpu: Gpu): GpuMapping {
  if (gpu.vendor === 'none') return { environment: withoutNvidia };
  if (gpu.vendor === 'nvidia') return { ...nvidiaDevices(gpu.devices), environment: {} };
  const nodes = renderNodes(gpu.devices);
  const groupAdd = groupIds(gpu.groups);
  if (gpu.vendor === 'vulkan') {
    // CAP_PERFMON would let Ollama read the free video memory, but engine 20.10 refuses to start with that name.
    return { devices: nodes, groupAdd, environment: { ...withoutNvidia, OLLAMA_VULKAN: '1' } };
  }
  const gfxVersion: Record<string, string> =
    gpu.gfxVersion === undefined ? {} : { HSA_OVERRIDE_GFX_VERSION: gpu.gfxVersion };
  return { devices: [deviceNode('/dev/kfd'), ...nodes], groupAdd, environment: { ...withoutNvidia, ...gfxVersion } };
}

/**
 * `gpus` with several devices is read as CSV by provider 4.6 (`device=0` and a count of 1), which the engine refuses
 * and every plan replaces; `device_requests` creates the same request without drift.
 */
function nvidiaDevices(devices: 'all' | number | readonly string[]): Pick<GpuMapping, 'gpus' | 'deviceRequests'> {
  if (devices === 'all' || typeof devices === 'number') return { gpus: String(devices) };
  const cdi = devices.filter(isCdiName);
  const nvidia = devices.filter((device) => !isCdiName(device));
  if (cdi.length === 0 && nvidia.length === 1) return { gpus: `device=${nvidia[0]}` };
  return {
    deviceRequests: [
      ...(nvidia.length === 0 ? [] : [{ driver: 'nvidia', device_ids: nvidia, capabilities: ['gpu'] }]),
      ...(cdi.length === 0 ? [] : [{ driver: 'cdi', device_ids: cdi }]),
    ],
  };
}

/** CDI names are `vendor/class=device`, such as `nvidia.com/gpu=0`; indexes and UUIDs have no `=`. */
function isCdiName(device: string): boolean {
  return device.includes('=');
}

function renderNodes(devices: 'all' | readonly string[]): ContainerDevices[] {
  return devices === 'all' ? [deviceNode('/dev/dri')] : devices.map((name) => deviceNode(`/dev/dri/${name}`));
}

/** None rather than an empty list, which would be written out. */
function groupIds(groups: readonly number[]): string[] | undefined {
  return groups.length === 0 ? undefined : groups.map(String);
}

/** All three fields, because the provider compares all three with what the engine reports. */
function deviceNode(path: string): ContainerDevices {
  return { hostPath: path, containerPath: path, permissions: 'rwm' };
}

import type { ContainerDevices } from '@cdktf/provider-docker/lib/container/index.js';
import { deviceGroupsOf, type DeviceGroups } from '../../manifest/device-groups.js';
import { isCdiName } from '../../manifest/gpu-claim.js';
import type { Gpu } from '../../manifest/manifest.js';
import type { DeviceRequest } from './provider-overrides.js';

/** What a container needs to see the accelerators it was promised. */
export interface GpuMapping {
  /** `--gpus` of Docker; Docker's own words for everything one string can say without drift. */
  readonly gpus?: string;
  /** What `gpus` cannot say: several named devices, and CDI devices. */
  readonly deviceRequests?: readonly DeviceRequest[];
  readonly devices?: ContainerDevices[];
  /** Name of another OCI runtime; left out, the engine fills in its own without drift. */
  readonly runtime?: string;
  /** Numeric group ids, because a name means another group inside the container. */
  readonly groupAdd?: string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The official image asks the NVIDIA runtime for all devices; `void` takes that back. */
const withoutNvidia = { NVIDIA_VISIBLE_DEVICES: 'void' };

/**
 * Docker's view of a declared GPU (research: kreuzwerker/docker 4.6, ollama/docs/docker.mdx and gpu.mdx).
 * `found`: groups of the engine's device nodes, for a server that names none itself.
 */
export function gpuMapping(gpu: Gpu, found?: DeviceGroups): GpuMapping {
  if (gpu.vendor === 'none') return { environment: withoutNvidia };
  if (gpu.vendor === 'nvidia') return { ...nvidiaDevices(gpu.devices), environment: {} };
  if (gpu.vendor === 'jetson') return jetsonRuntime(gpu.jetpack);
  const nodes = renderNodes(gpu.devices);
  const groupAdd = groupIds(deviceGroupsOf(gpu, found));
  if (gpu.vendor === 'vulkan') {
    // Ollama before 0.30 looks for Vulkan only when told to; later it is the default and this changes nothing.
    // CAP_PERFMON would let Ollama read the free video memory, but engine 20.10 refuses to start with that name.
    return { devices: nodes, groupAdd, environment: { ...withoutNvidia, OLLAMA_VULKAN: '1' } };
  }
  const gfxVersion: Record<string, string> =
    gpu.gfxVersion === undefined ? {} : { HSA_OVERRIDE_GFX_VERSION: gpu.gfxVersion };
  return { devices: [deviceNode('/dev/kfd'), ...nodes], groupAdd, environment: { ...withoutNvidia, ...gfxVersion } };
}

/**
 * The runtime of a Jetson mounts what the CSV files of its system list, and reads this variable to know that it shall;
 * a device request would ask for the libraries of a desktop driver, which no Jetson has.
 */
function jetsonRuntime(jetpack: 5 | 6 | undefined): GpuMapping {
  const version: Record<string, string> = jetpack === undefined ? {} : { JETSON_JETPACK: String(jetpack) };
  return { runtime: 'nvidia', environment: { NVIDIA_VISIBLE_DEVICES: 'all', ...version } };
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

function renderNodes(devices: 'all' | readonly string[]): ContainerDevices[] {
  return devices === 'all' ? [deviceNode('/dev/dri')] : devices.map((name) => deviceNode(`/dev/dri/${name}`));
}

/** None rather than an empty list, which would be written out. */
function groupIds(groups: readonly number[] = []): string[] | undefined {
  return groups.length === 0 ? undefined : groups.map(String);
}

/** All three fields, because the provider compares all three with what the engine reports. */
function deviceNode(path: string): ContainerDevices {
  return { hostPath: path, containerPath: path, permissions: 'rwm' };
}

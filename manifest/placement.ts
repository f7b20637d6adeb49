import type { ModelContent } from './capacity.js';
import type { Estimator } from './capacity-run.js';
import { capacitySettings } from './capacity-settings.js';
import type { Gpu, Manifest, Server } from './manifest.js';
import { estimateMemory, ollamaPrediction } from './memory-estimate.js';
import { Lineages } from './model-lineage.js';
import { modelShape } from './model-shape.js';
import { partDevices, partName } from './placement-devices.js';
import { replicasOf } from './replicas.js';
import { spread, type Placing } from './placement-packing.js';
import { placementUnits } from './placement-units.js';
import { placementReason } from './placement-words.js';

const ours: Estimator = { modelShape, estimateMemory, ollamaPrediction };

/**
 * The manifest with the servers that are deployed: every one of `placement: auto` replaced by one a GPU, every one with
 * `replicas` by so many of it; others stay as they are. The same input gives the same servers: what is found on a
 * machine has no part in it.
 *
 * The parts are `<server>-0`, `<server>-1` … in the order of the devices, on the ports from `port` on, with all other
 * settings (limits of memory and cores, too) and the store of the declared server. `spread` says which models go where;
 * sizes are those of memory where `contents` tells the shape of a model, else those of its layers.
 */
export function placedManifest(
  manifest: Manifest,
  contents: ReadonlyMap<string, ModelContent>,
  estimator: Estimator = ours,
): Manifest {
  if (manifest.servers.every(isDeployed)) return manifest;
  const sources = { lineages: new Lineages(manifest.models), contents, estimator };
  const servers = manifest.servers.flatMap((server): Server[] => {
    if (server.replicas !== undefined) return replicasOf(server, server.replicas);
    if (server.placement === undefined) return [server];
    const units = placementUnits(server, manifest.models, sources);
    const devices = devicesOf(server);
    const parts = spread(units, devices.length);
    const memory = 'memory' in server.gpu ? server.gpu.memory : undefined;
    const facts = {
      devices: devices.length,
      kept: capacitySettings(server).fitTarget,
      sized: units.some(({ known }) => known),
      ...(memory !== undefined && { memory }),
    };
    return devices.map((device, index) => {
      const placings = parts[index] ?? [];
      return partOf(server, { index, device, placings, why: placementReason(placings, facts) });
    });
  });
  return { ...manifest, servers };
}

/** Whether a server is deployed as it is declared. */
export function isDeployed({ placement, replicas }: Server): boolean {
  return placement === undefined && replicas === undefined;
}

interface Part {
  readonly index: number;
  readonly device: string;
  readonly placings: readonly Placing[];
  readonly why: string;
}

function partOf(server: Server, { index, device, placings, why }: Part): Server {
  const { placement, ...settings } = server;
  void placement;
  const placed = new Set(placings.flatMap(({ unit }) => unit.models));
  return {
    ...settings,
    name: partName(server.name, index),
    container: partName(server.container, index),
    ...(server.port !== undefined && { port: server.port + index }),
    gpu: withDevice(server.gpu, device),
    models: server.models.filter((name) => placed.has(name)),
    partOf: { server: server.name, why },
  };
}

function devicesOf({ name, gpu }: Server): string[] {
  const devices = 'devices' in gpu ? partDevices(gpu) : undefined;
  if (devices === undefined) throw new Error(`unchecked placement of server ${JSON.stringify(name)}`);
  return devices;
}

function withDevice(gpu: Gpu, device: string): Gpu {
  return 'devices' in gpu ? { ...gpu, devices: [device] } : gpu;
}

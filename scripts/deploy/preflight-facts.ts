import { createServer } from 'node:net';
import { isNodeGpu } from '../../manifest/device-groups.js';
import type { Manifest } from '../../manifest/manifest.js';
import { projectLabel } from '../../manifest/label.js';
import { findDeviceGroups } from '../../toolchain/device-groups.js';
import { findHardware } from '../hardware/hardware.js';
import type { Engine } from './engine.js';
import type { GpuFacts } from './gpu-findings.js';
import { hasNvidiaRuntime } from './nvidia-runtime.js';
import { gpuSeekers, newServers, type PreflightFacts } from './preflight.js';
import { newServices } from './service-findings.js';
import type { DeployedState } from './state.js';

/** Looks at this machine and its engine; asks only about what is new, so a deployed project costs nothing. */
export async function gatherFacts(
  manifest: Manifest,
  state: DeployedState | undefined,
  engine: Engine,
  leftOut?: readonly string[],
): Promise<PreflightFacts> {
  const [fresh, services] = [newServers(manifest, state), newServices(manifest, state, leftOut)];
  const ports = [
    ...fresh.flatMap(({ port }) => (port === undefined ? [] : [{ port, address: '127.0.0.1' }])),
    ...services.flatMap((service) => service.ports),
  ];
  const [busyPorts, containers, own, volumes, gpus] = await Promise.all([
    findBusyPorts(ports, engine),
    engine.containers([...fresh, ...services].map(({ container }) => container)),
    // How the name of a container behind a gateway ends, nobody knows before it is there.
    manifest.gateway && fresh.length > 0 ? engine.containersOf(manifest.project) : [],
    engine.volumes([...new Set([...fresh.map(({ store }) => store), ...services.map(({ volume }) => volume)])]),
    gatherGpuFacts(manifest, state, engine),
  ]);
  return {
    ...(state ? { state } : {}),
    ...(leftOut && { leftOut }),
    busyPorts,
    containers: new Map<string, string | undefined>([
      ...own.map(({ name }) => [name, manifest.project] as const),
      ...containers.map(({ Name, Config }) => [Name.replace(/^\//, ''), Config.Labels?.[projectLabel]] as const),
    ]),
    volumes: new Map(volumes.map(({ Name, Labels }) => [Name, Labels?.[projectLabel]])),
    ...gpus,
  };
}

async function gatherGpuFacts(manifest: Manifest, state: DeployedState | undefined, engine: Engine): Promise<GpuFacts> {
  const seekers = gpuSeekers(manifest, state);
  const gpus = manifest.servers.filter(({ name }) => seekers.has(name)).map(({ gpu }) => gpu);
  const [nvidia, nodes] = await Promise.all([
    gpus.some(({ vendor }) => vendor === 'nvidia' || vendor === 'jetson') ? nvidiaFacts(engine) : {},
    gpus.some(isNodeGpu) ? nodeFacts(engine) : {},
  ]);
  return { ...nvidia, ...nodes };
}

async function nvidiaFacts(engine: Engine): Promise<GpuFacts> {
  const info = await engine.info();
  const [nvidia, hardware] = await Promise.all([
    hasNvidiaRuntime(info, engine.host),
    findHardware({ host: engine.host, memory: info.MemTotal }),
  ]);
  const devices = info.DiscoveredDevices?.filter(({ Source }) => Source === 'cdi').map(({ ID }) => ID);
  const cdi = { known: (info.CDISpecDirs ?? []).length > 0, ...(devices && { devices }) };
  return { nvidia, runtimes: Object.keys(info.Runtimes), cdi, hardware };
}

async function nodeFacts({ host }: Engine): Promise<GpuFacts> {
  const nodes = await findDeviceGroups(host);
  return nodes === undefined ? { elsewhere: true } : { nodes };
}

interface WantedPort {
  readonly address: string;
  readonly port: number;
}

async function findBusyPorts(ports: readonly WantedPort[], engine: Engine): Promise<PreflightFacts['busyPorts']> {
  // Ports of a remote engine are not ours to try.
  if (!engine.host.startsWith('unix:')) return new Map();
  const busy = await Promise.all(ports.map(async ({ port, address }) => ((await isFree(port, address)) ? [] : [port])));
  return new Map(await Promise.all(busy.flat().map(async (port) => [port, await engine.publisher(port)] as const)));
}

/** Whether a program could listen on this port now; of an address that is not this machine's the engine tells. */
export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRNOTAVAIL'));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

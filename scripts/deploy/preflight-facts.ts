import { createServer } from 'node:net';
import type { Manifest } from '../../manifest/manifest.js';
import { projectLabel } from '../../manifest/label.js';
import type { Engine } from './engine.js';
import { hasNvidiaRuntime } from './nvidia-runtime.js';
import { newServers, type PreflightFacts } from './preflight.js';
import type { DeployedState } from './state.js';

/** Looks at this machine and its engine; asks only about what is new, so a deployed project costs nothing. */
export async function gatherFacts(
  manifest: Manifest,
  state: DeployedState | undefined,
  engine: Engine,
): Promise<PreflightFacts> {
  const fresh = newServers(manifest, state);
  const wantsNvidia = fresh.some(({ gpu }) => gpu.vendor === 'nvidia');
  const [busyPorts, containers, volumes, info] = await Promise.all([
    findBusyPorts(
      fresh.map(({ port }) => port),
      engine,
    ),
    engine.containers(fresh.map(({ container }) => container)),
    engine.volumes([...new Set(fresh.map(({ store }) => store))]),
    wantsNvidia ? engine.info() : undefined,
  ]);
  return {
    ...(state ? { state } : {}),
    busyPorts,
    containers: new Map(containers.map(({ Name, Config }) => [Name.replace(/^\//, ''), Config.Labels?.[projectLabel]])),
    volumes: new Map(volumes.map(({ Name, Labels }) => [Name, Labels?.[projectLabel]])),
    ...(info ? { nvidia: await hasNvidiaRuntime(info, engine.host) } : {}),
  };
}

async function findBusyPorts(ports: readonly number[], engine: Engine): Promise<PreflightFacts['busyPorts']> {
  // Ports of a remote engine are not ours to try.
  if (!engine.host.startsWith('unix:')) return new Map();
  const busy = await Promise.all(ports.map(async (port) => ((await isFree(port)) ? [] : [port])));
  return new Map(await Promise.all(busy.flat().map(async (port) => [port, await engine.publisher(port)] as const)));
}

/** Whether a program could listen on this port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

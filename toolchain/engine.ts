import { which } from 'zx';
import type { Resolved } from '../manifest/resolved.js';
import { installPackages } from './apt.js';
import { defaultEndpoint, endpoint, socketPath, type Endpoint } from './endpoint.js';
import { askEngine, type EngineState } from './engine-api.js';
import { runsSystemd, startEngine } from './engine-start.js';
import { ToolchainProblem } from './problem.js';
import type { Workshop } from './workshop.js';

/**
 * A Docker engine that answers: the one that DOCKER_HOST or the context names, else the local one, which is installed
 * from the distribution's packages and started where it is missing.
 * @throws ToolchainProblem `engine-permission`, `engine-unreachable`, `engine-start`, `missing-packages`
 */
export async function prepareEngine(workshop: Workshop): Promise<Resolved['engine']> {
  const named = await endpoint(workshop.env);
  const first = await askEngine(workshop, named.host);
  const client = await find(workshop, 'docker');
  if (first.state === 'running' && client) return resolved(named.host, first, 'found');
  if (first.state === 'denied') throw permissionProblem(named.host);
  if (first.state === 'absent' && named.host !== defaultEndpoint) throw unreachable(named, first.reason);
  const installed = client && (await find(workshop, 'dockerd'));
  if (!installed) await installPackages(workshop, ['engine'], 'a Docker engine');
  // the package starts the engine itself where an init system lets it
  const second = await askEngine(workshop, named.host);
  const state = second.state === 'absent' ? await startEngine(workshop, named.host, await runsSystemd()) : second;
  if (state.state === 'denied') throw permissionProblem(named.host);
  return resolved(named.host, state, installed ? 'started' : 'installed from packages');
}

const find = (workshop: Workshop, program: string): Promise<string | null> =>
  which(program, { nothrow: true, path: `${workshop.env.PATH ?? ''}:/usr/sbin:/sbin` });

function resolved(host: string, state: EngineState, source: string): Resolved['engine'] {
  if (state.state !== 'running') throw new Error(`engine is ${state.state}`);
  return { version: `Docker ${state.version}`, source, host };
}

function permissionProblem(host: string): ToolchainProblem {
  const next =
    'add yourself to the group of the socket (sudo usermod -aG docker "$USER", then log in again), run this as root, ' +
    'or use a rootless engine (dockerd-rootless-setuptool.sh install)';
  return new ToolchainProblem(
    'engine-permission',
    `no permission to use the Docker engine at ${socketPath(host)}`,
    next,
  );
}

function unreachable({ host, from }: Endpoint, reason: string): ToolchainProblem {
  const next =
    from === 'DOCKER_HOST'
      ? 'start that engine, or unset DOCKER_HOST'
      : 'start that engine, or docker context use default';
  return new ToolchainProblem(
    'engine-unreachable',
    `the Docker engine at ${host} (${from}) does not answer`,
    next,
    reason,
  );
}

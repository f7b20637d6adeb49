import type { Manifest } from '../../manifest/manifest.js';
import type { Finding } from '../shell/problem.js';
import type { PreflightFacts } from './preflight.js';
import { type Service, servicesOf } from './service.js';
import { type DeployedState, statePath } from './state.js';

/** Services that the state does not know, or not with all their ports; `ports` are those that it does not know. */
export function newServices(
  manifest: Manifest,
  state: DeployedState | undefined,
  leftOut?: readonly string[],
): Service[] {
  return servicesOf(manifest, leftOut).flatMap((service) => {
    const deployed = state?.containers.find(({ name }) => name === service.container);
    const ports = service.ports.filter(({ port }) => deployed?.ports.includes(port) !== true);
    return deployed && ports.length === 0 ? [] : [{ ...service, ports }];
  });
}

/** What stands in the way of the gateway and of what observes it. */
export function serviceFindings(manifest: Manifest, facts: PreflightFacts): Finding[] {
  const { project } = manifest;
  const deployed = new Set(facts.state?.containers.map(({ name }) => name));
  return newServices(manifest, facts.state, facts.leftOut).flatMap((service) => {
    const stranger = deployed.has(service.container) ? [] : containerFinding(service, project, facts);
    return [
      ...stranger,
      // A container that is in the way anyway holds its ports, too.
      ...(stranger.length > 0 ? [] : portFindings(service, facts)),
      ...volumeFinding(service, project, facts),
    ];
  });
}

function containerFinding({ name, container }: Service, project: string, { containers }: PreflightFacts): Finding[] {
  if (!containers.has(container)) return [];
  const owner = containers.get(container);
  if (owner === project) {
    return [
      {
        code: 'lost-container',
        message: `container ${container} (${name}) is of this project, but ${statePath(project)} does not know it`,
        next: `run this where it was deployed from, or remove the container (keys and certificates stay): docker rm -f ${container}`,
      },
    ];
  }
  return [
    {
      code: 'foreign-container',
      message: `container ${container}, which ${name} needs, exists already and is not ours${owner ? `, but of project ${owner}` : ''}`,
      next: 'it is never touched: rename or remove it yourself, or choose another `project`',
    },
  ];
}

function portFindings({ name, ports }: Service, { busyPorts }: PreflightFacts): Finding[] {
  return ports
    .filter(({ port }) => busyPorts.has(port))
    .map(({ port, setting }) => {
      const publisher = busyPorts.get(port);
      return {
        code: 'port-in-use',
        message: `port ${port} of ${name} is in use by ${publisher ? `container ${publisher}` : 'another program'}`,
        next: publisher
          ? `stop it (docker stop ${publisher}), or set another \`${setting}\``
          : `find it with \`ss -ltnp sport = :${port}\` and stop it, or set another \`${setting}\``,
      };
    });
}

function volumeFinding({ name, volume }: Service, project: string, { volumes }: PreflightFacts): Finding[] {
  if (!volumes.has(volume) || volumes.get(volume) === project) return [];
  const owner = volumes.get(volume);
  return [
    {
      code: 'foreign-volume',
      message: `volume ${volume}, which ${name} needs, exists already and is not ours${owner ? `, but of project ${owner}` : ''}`,
      next: 'it is never touched: choose another `project`, or remove it yourself if nobody needs its content',
    },
  ];
}

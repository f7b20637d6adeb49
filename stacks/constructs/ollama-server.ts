import type { ContainerConfig } from '@cdktf/provider-docker/lib/container/index.js';
import { Construct } from 'constructs';
import { containerNamesVariable } from '../../manifest/container-names.js';
import type { DeviceGroups } from '../../manifest/device-groups.js';
import { limitedLabel, projectLabel, serverLabel } from '../../manifest/label.js';
import type { Registry, Server } from '../../manifest/manifest.js';
import { resourceAddress } from '../resource-address.js';
import { fingerprint } from './fingerprint.js';
import { gpuMapping, type GpuMapping } from './gpu-mapping.js';
import type { Launcher } from './launcher.js';
import { LeanContainer } from './lean-container.js';
import type { ModelStore } from './model-store.js';
import { requestDevices } from './provider-overrides.js';
import { serverEnvironment } from './server-environment.js';
import type { ServerNetwork } from './server-network.js';
import { ServerRoom } from './server-room.js';
import { trustedCertificates } from './trusted-certificates.js';

export interface OllamaServerProps {
  readonly project: string;
  readonly server: Server;
  /** The reference that is deployed: `server.image`, or what the toolchain put in its place. */
  readonly image: string;
  /** Whether this server may remove unreferenced layers of its store when it starts: one of each store. */
  readonly prunes: boolean;
  /** Registries that the server pulls from, for their certificates. */
  readonly registries: readonly Registry[];
  readonly store: ModelStore;
  readonly network: ServerNetwork;
  /** Groups of the engine's device nodes, where they are known. */
  readonly deviceGroups?: DeviceGroups;
  /** Whether a gateway stands before it, so that a successor is made while its predecessor serves. */
  readonly gapless: boolean;
  readonly launcher: Launcher;
}

/** Port of Ollama inside its container. */
const ollamaPort = 11434;

/** One Ollama container: published on this machine only, on a read-only root, without any capability it does not need. */
export class OllamaServer extends Construct {
  /** As in the manifest. */
  readonly server: string;
  /** Docker's name of the container, as Terraform knows it. */
  readonly containerName: string;
  /** Docker's id of the container; another one after every replacement. */
  readonly containerId: string;

  constructor(scope: Construct, id: string, props: OllamaServerProps) {
    super(scope, id);
    const { server } = props;
    const gpu = gpuMapping(server.gpu, props.deviceGroups);
    const settings = containerSettings(props, gpu);
    const container = new LeanContainer(this, 'Resource', {
      name: server.container,
      ...settings,
      ...limits(server),
      dependsOn: [props.store.ensured, props.network.ensured],
      ...(props.gapless && this.succession(props, [settings, gpu.deviceRequests])),
    });
    if (gpu.deviceRequests !== undefined) requestDevices(container, gpu.deviceRequests);
    this.server = server.name;
    this.containerName = container.name;
    this.containerId = container.id;
  }

  /** What lets a successor come to be while its predecessor serves. */
  private succession({ project, server, store, network, launcher }: OllamaServerProps, settings: unknown) {
    const lifecycle = { createBeforeDestroy: true, ignoreChanges: ['name'] };
    // A new one for each container, and the same in every plan. No hash of the settings: a failed update leaves its
    // predecessor behind, and who goes back to the settings before must not meet a name that is taken.
    const name = `${server.container}-\${substr(uuid(), 0, 8)}`;
    if (server.port === undefined) return { name, lifecycle };
    const room = new ServerRoom(this, 'room', {
      project,
      server: server.name,
      settings: fingerprint(settings),
      launcher,
    });
    return {
      name,
      dependsOn: [store.ensured, network.ensured, room.made],
      lifecycle: { ...lifecycle, replaceTriggeredBy: [resourceAddress(room.made)] },
    };
  }
}

/** Everything of a container but its name, its place in the graph, and what Terraform changes without replacing it. */
function containerSettings(props: OllamaServerProps, gpu: GpuMapping): Omit<ContainerConfig, 'name'> {
  const { server, store, network } = props;
  const { environment, command } = trustedCertificates(props.registries);
  return {
    image: props.image,
    env: serverEnvironment(server, { prunes: props.prunes, needed: { ...gpu.environment, ...environment } }),
    ...command,
    gpus: gpu.gpus,
    runtime: gpu.runtime,
    devices: gpu.devices,
    groupAdd: gpu.groupAdd,
    ports: server.port === undefined ? [] : [{ internal: ollamaPort, external: server.port }],
    networkMode: network.network,
    readOnly: true,
    capabilities: { drop: ['ALL'] },
    securityOpts: ['no-new-privileges:true'],
    mounts: [
      { type: 'volume', source: store.volume, target: '/root/.ollama' },
      { type: 'tmpfs', target: '/tmp' },
    ],
    healthcheck: health,
    restart: 'unless-stopped',
    // Constant but for the limit: any change of a label replaces the container.
    labels: [
      { label: projectLabel, value: props.project },
      { label: serverLabel, value: server.name },
      ...(server.memory === undefined ? [] : [{ label: limitedLabel, value: 'true' }]),
    ],
  };
}

/** The variable that tells our verbs which container each server has. */
export function containerNames(servers: readonly OllamaServer[]): Record<string, string> {
  const names = Object.fromEntries(servers.map(({ server, containerName }) => [server, containerName]));
  return { [containerNamesVariable]: JSON.stringify(names) };
}

/** Asks seldom: engines before 25 know no shorter interval for the start, and the loader watches that by itself. */
const health = { test: ['CMD', 'ollama', 'list'], interval: '30s', timeout: '10s', startPeriod: '30s', retries: 3 };

function limits(server: Server): Pick<ContainerConfig, 'memory' | 'cpus'> {
  return {
    // The provider counts in MiB.
    memory: server.memory === undefined ? undefined : Math.floor(server.memory / 1024 ** 2),
    cpus: server.cpus?.toString(),
  };
}

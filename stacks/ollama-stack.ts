import { DockerProvider } from '@cdktf/provider-docker/lib/provider/index.js';
import type { Construct } from 'constructs';
import type { DeviceGroups } from '../manifest/device-groups.js';
import type { GatewayPlan } from '../manifest/gateway-plan.js';
import type { LoadPlan } from '../manifest/load-plan.js';
import type { Lock } from '../manifest/lock.js';
import type { Manifest } from '../manifest/manifest.js';
import { NoDrift } from './aspects/no-drift.js';
import { Aspects, LocalBackend, TerraformStack } from './cdktf.js';
import { DeploymentOutputs } from './constructs/deployment-outputs.js';
import { GatewayContainer } from './constructs/gateway-container.js';
import { GatewayData } from './constructs/gateway-data.js';
import type { Launcher } from './constructs/launcher.js';
import { ModelLoader } from './constructs/model-loader.js';
import { ModelStore } from './constructs/model-store.js';
import { Observers } from './constructs/observers.js';
import { OllamaServer } from './constructs/ollama-server.js';
import { constrainProvider } from './constructs/provider-overrides.js';
import { Rollout } from './constructs/rollout.js';
import { ServerNetwork } from './constructs/server-network.js';
import { UniqueIds } from './unique-ids.js';

export interface OllamaStackProps {
  readonly manifest: Manifest;
  /** What the models resolved to, where they are locked. */
  readonly lock?: Lock;
  /** One per store of the manifest. */
  readonly loadPlans: readonly LoadPlan[];
  /** Where the manifest has a gateway. */
  readonly gateway?: GatewayPlan;
  /** Changes when the programs and files that the toolkit itself brings for a gateway change. */
  readonly gatewaySources: string;
  /** Declared image to the reference that is deployed, where they differ. */
  readonly images: Readonly<Record<string, string>>;
  readonly launcher: Launcher;
  /** Groups of the engine's device nodes, where they are known. */
  readonly deviceGroups?: DeviceGroups;
  /** Path of the state file, relative to the directory of the stack: moving the project must not lose it. */
  readonly statePath: string;
}

/** One project on one Docker engine. */
export class OllamaStack extends TerraformStack {
  constructor(scope: Construct, props: OllamaStackProps) {
    super(scope, props.manifest.project);
    new LocalBackend(this, { path: props.statePath });
    new DockerProvider(this, 'docker', { host: props.launcher.dockerHost });
    constrainProvider(this);

    const stores = this.stores(props);
    const { project } = props.manifest;
    const network = new ServerNetwork(this, 'network', { project, launcher: props.launcher });
    const servers = this.servers(props, stores, network);
    const prefix = successionPrefix(props);
    const loaders = props.loadPlans.map(
      (plan) =>
        new ModelLoader(this, `${prefix}loader-${plan.store}`, {
          plan,
          servers: plan.servers.map(({ name }) => existing(servers, name)),
          launcher: props.launcher,
          gapless: props.gateway !== undefined,
        }),
    );
    if (props.gateway !== undefined)
      this.gateway(props, props.gateway, { servers: [...servers.values()], loaders, network });
    const containers = new Map([...servers].map(([name, { containerName }]) => [name, containerName]));
    new DeploymentOutputs(this, 'outputs', { manifest: props.manifest, lock: props.lock, containers });

    Aspects.of(this).add(new NoDrift());
    this.node.addValidation(new UniqueIds(this));
  }

  /** cdktf's own looks for references between stacks by resolving everything once more; one stack has none. */
  override prepareStack(): void {}

  private stores({ manifest, loadPlans, launcher }: OllamaStackProps): Map<string, ModelStore> {
    return new Map(
      loadPlans.map(({ store }) => [
        store,
        new ModelStore(this, `store-${store}`, { project: manifest.project, volume: store, launcher }),
      ]),
    );
  }

  private servers(
    props: OllamaStackProps,
    stores: ReadonlyMap<string, ModelStore>,
    network: ServerNetwork,
  ): Map<string, OllamaServer> {
    const { project, servers, registries } = props.manifest;
    const firsts = new Set(props.loadPlans.map((plan) => plan.servers[0]?.name));
    return new Map(
      servers.map((server) => [
        server.name,
        new OllamaServer(this, `${successionPrefix(props)}server-${server.name}`, {
          project,
          server,
          image: props.images[server.image] ?? server.image,
          prunes: firsts.has(server.name),
          registries,
          store: existing(stores, server.store),
          network,
          deviceGroups: props.deviceGroups,
          gapless: props.gateway !== undefined,
          launcher: props.launcher,
        }),
      ]),
    );
  }

  /** The door, and what moves requests to the servers when they and their models are there. */
  private gateway(
    { manifest, images, launcher, gatewaySources: sources }: OllamaStackProps,
    plan: GatewayPlan,
    made: {
      readonly servers: readonly OllamaServer[];
      readonly loaders: readonly ModelLoader[];
      readonly network: ServerNetwork;
    },
  ): void {
    const { servers, loaders, network } = made;
    const data = new GatewayData(this, 'gateway-data', { plan, sources, launcher });
    new GatewayContainer(this, 'gateway', { plan, data, network });
    new Rollout(this, 'rollout', { plan, sources, data, servers, loaders, launcher });
    const { project, observability } = manifest;
    if (observability === undefined) return;
    new Observers(this, 'observers', { project, observability, images, data, network, launcher });
  }
}

/**
 * Servers and loaders behind a gateway have addresses of their own: Terraform finds a cycle where the same resource had
 * `create_before_destroy`, has it no more, and something with it that depended on it goes (tried: a gateway is taken away).
 */
function successionPrefix({ gateway }: OllamaStackProps): '' | 'gapless-' {
  return gateway === undefined ? '' : 'gapless-';
}

function existing<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new Error(`load plans and manifest disagree about ${name}`);
  return value;
}

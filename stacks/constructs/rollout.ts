import { Construct } from 'constructs';
import type { GatewayPlan } from '../../manifest/gateway-plan.js';
import { DataResource } from '../cdktf.js';
import { fingerprint } from './fingerprint.js';
import { type GatewayData, gatewayPlanFile } from './gateway-data.js';
import { type Launcher, runVerb } from './launcher.js';
import type { ModelLoader } from './model-loader.js';
import { containerNames, type OllamaServer } from './ollama-server.js';

export interface RolloutProps {
  readonly plan: GatewayPlan;
  /** As in `GatewayDataProps`. */
  readonly sources: string;
  readonly data: GatewayData;
  /** Every server of the project. */
  readonly servers: readonly OllamaServer[];
  readonly loaders: readonly ModelLoader[];
  readonly launcher: Launcher;
}

/**
 * Moves the requests to the servers that are there now, when their models are, and waits until the servers that go have
 * answered what they had begun. Only then does Terraform remove those: they are destroyed after whatever depended on
 * them, and with `create_before_destroy` that is after its successor came to be.
 *
 * It needs the container of the gateway, and must not depend on it: Terraform would force `create_before_destroy` on a
 * container whose ports cannot be had twice. The verb waits for the one that the plan tells (`GatewayPlan.revision`).
 */
export class Rollout extends Construct {
  constructor(scope: Construct, id: string, props: RolloutProps) {
    super(scope, id);
    const lifecycle = { createBeforeDestroy: true };
    const containers = props.servers.map((server) => server.containerId);
    const rollout = new DataResource(this, 'Resource', {
      triggersReplace: {
        plan: fingerprint(props.plan),
        sources: props.sources,
        containers,
        loaders: props.loaders.map(({ loaded }) => loaded.id),
      },
      provisioners: [runVerb(props.launcher, ['rollout'], gatewayPlanFile, containerNames(props.servers))],
      dependsOn: [props.data.ensured],
      lifecycle,
    });
    // It cannot fail, so what Terraform knows of it is always the last rollout that succeeded, and the containers of that
    // one. A failed rollout knows only its own: the next apply would remove a server that it was to take out of use
    // while it still is in use (tried: scale down, fail, apply again).
    new DataResource(this, 'Settled', {
      triggersReplace: { rollout: rollout.id, containers },
      lifecycle,
    });
  }
}

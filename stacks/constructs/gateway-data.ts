import { Construct } from 'constructs';
import type { GatewayPlan } from '../../manifest/gateway-plan.js';
import { DataResource } from '../cdktf.js';
import { fingerprint } from './fingerprint.js';
import { type Launcher, runVerb } from './launcher.js';

export interface GatewayDataProps {
  readonly plan: GatewayPlan;
  /** Changes when the programs and files that the toolkit itself brings for a gateway change. */
  readonly sources: string;
  readonly launcher: Launcher;
}

/** File name of the plan of the gateway, beside the Terraform JSON of the stack. */
export const gatewayPlanFile = 'gateway.json';

/**
 * The volume of the gateway with its certificate and what observes it, before anything else is changed. As with stores,
 * Terraform owns nothing that it could destroy (docs/adr/0003-stores-outside-terraform-state.md).
 */
export class GatewayData extends Construct {
  /** Docker's name of the volume. */
  readonly volume: string;
  /** What the containers depend on. */
  readonly ensured: DataResource;

  constructor(scope: Construct, id: string, { plan, sources, launcher }: GatewayDataProps) {
    super(scope, id);
    const { pools, maxQueue, maxBody, drain, ...standing } = plan;
    void [pools, maxQueue, maxBody, drain];
    this.volume = plan.volume;
    this.ensured = new DataResource(this, 'Resource', {
      triggersReplace: { plan: fingerprint(standing), sources },
      provisioners: [runVerb(launcher, ['ensure-gateway'], gatewayPlanFile)],
      lifecycle: { createBeforeDestroy: true },
    });
  }
}

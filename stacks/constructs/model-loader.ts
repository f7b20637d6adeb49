import { Construct } from 'constructs';
import type { LoadPlan } from '../../manifest/load-plan.js';
import { DataResource } from '../cdktf.js';
import { fingerprint } from './fingerprint.js';
import { type Launcher, runVerb } from './launcher.js';
import { containerNames, type OllamaServer } from './ollama-server.js';

export interface ModelLoaderProps {
  readonly plan: LoadPlan;
  /** Every server of the store. */
  readonly servers: readonly OllamaServer[];
  readonly launcher: Launcher;
  /** Whether a gateway stands before the servers, so that their predecessors serve on meanwhile. */
  readonly gapless: boolean;
}

/** File name of a load plan, beside the Terraform JSON of the stack. */
export function loadPlanFile(store: string): string {
  return `load-${store}.json`;
}

/**
 * Brings a store to what its plan says, after the containers that use it. Runs again when the plan changes or a
 * container is replaced; a failed load taints this resource, so the apply fails and the next one tries again.
 */
export class ModelLoader extends Construct {
  /** What comes after the models. */
  readonly loaded: DataResource;

  constructor(scope: Construct, id: string, props: ModelLoaderProps) {
    super(scope, id);
    const names = props.gapless ? containerNames(props.servers) : {};
    this.loaded = new DataResource(this, 'Resource', {
      triggersReplace: {
        plan: fingerprint(props.plan),
        containers: props.servers.map((server) => server.containerId),
      },
      provisioners: [runVerb(props.launcher, ['load'], loadPlanFile(props.plan.store), names)],
      ...(props.gapless && { lifecycle: { createBeforeDestroy: true } }),
    });
  }
}

import { Construct } from 'constructs';
import { DataResource } from '../cdktf.js';
import { type Launcher, runOnDestroy, runVerb } from './launcher.js';

export interface ServerNetworkProps {
  /** Also Docker's name of the network. */
  readonly project: string;
  readonly launcher: Launcher;
}

/**
 * The project's own network, so that its servers and those of other projects cannot reach each other. No
 * `docker_network`: it sleeps 2 s in every create, plan and destroy (docs/adr/0007-network-without-docker-network.md).
 */
export class ServerNetwork extends Construct {
  /** Docker's name of the network. */
  readonly network: string;
  /** What the containers depend on. */
  readonly ensured: DataResource;

  constructor(scope: Construct, id: string, props: ServerNetworkProps) {
    super(scope, id);
    this.network = props.project;
    this.ensured = new DataResource(this, 'Resource', {
      triggersReplace: { network: props.project },
      provisioners: [
        runVerb(props.launcher, ['ensure-network'], props.project),
        runOnDestroy(props.launcher, ['docker', 'network', 'rm'], props.project),
      ],
    });
  }
}

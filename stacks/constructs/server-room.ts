import { Construct } from 'constructs';
import { DataResource } from '../cdktf.js';
import { type Launcher, runVerb } from './launcher.js';

export interface ServerRoomProps {
  readonly project: string;
  readonly server: string;
  /** Changes when the container has to be another one. */
  readonly settings: string;
  readonly launcher: Launcher;
}

/**
 * Stops the predecessor of a server behind a gateway that has a port of this machine, which two containers cannot share.
 * Terraform forces `create_before_destroy` on everything that something with it depends on, and the rollout has it, so
 * such a server cannot simply be replaced the other way round.
 */
export class ServerRoom extends Construct {
  /** What the container depends on. */
  readonly made: DataResource;

  constructor(scope: Construct, id: string, { project, server, settings, launcher }: ServerRoomProps) {
    super(scope, id);
    this.made = new DataResource(this, 'Resource', {
      triggersReplace: { settings },
      provisioners: [runVerb(launcher, ['make-room', project], server)],
      lifecycle: { createBeforeDestroy: true },
    });
  }
}

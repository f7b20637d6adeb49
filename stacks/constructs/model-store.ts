import { Construct } from 'constructs';
import { DataResource } from '../cdktf.js';
import { type Launcher, runVerb } from './launcher.js';

export interface ModelStoreProps {
  readonly project: string;
  /** Docker's name of the volume. */
  readonly volume: string;
  readonly launcher: Launcher;
}

/**
 * The volume that holds models. Terraform sees to it that the volume exists and is ours, and owns nothing it could
 * destroy (docs/adr/0003-stores-outside-terraform-state.md).
 */
export class ModelStore extends Construct {
  readonly volume: string;
  /** What the containers depend on. */
  readonly ensured: DataResource;

  constructor(scope: Construct, id: string, props: ModelStoreProps) {
    super(scope, id);
    this.volume = props.volume;
    this.ensured = new DataResource(this, 'Resource', {
      triggersReplace: { project: props.project, volume: props.volume },
      provisioners: [runVerb(props.launcher, ['ensure-store', props.project], props.volume)],
    });
  }
}

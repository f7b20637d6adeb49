import { type ContainerAttributes, containerSettings, settingChanges } from './container-change.js';
import { labelResource, type ResourceLabel } from './synthesized-stack.js';

/** One thing an `up` would do. */
export interface PlanLine {
  readonly sign: '+' | '~' | '-';
  /** `server main`, `volume ollama-models`, `model smollm2:135m`. */
  readonly subject: string;
  readonly details: readonly string[];
}

/** `resource_changes[]` of `terraform show -json`. https://developer.hashicorp.com/terraform/internals/json-format */
export interface ResourceChange {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: ContainerAttributes | null;
    readonly after: ContainerAttributes | null;
    /** Attributes whose change forces the replacement. */
    readonly replace_paths?: readonly (readonly (string | number)[])[];
  };
}

/** What the resources of a deployment would become. */
export interface DeploymentPlan {
  /** One line a server, network and volume; empty when none would change. */
  readonly lines: readonly PlanLine[];
  /** Stores whose loader would run. */
  readonly loading: ReadonlySet<string>;
}

/** What an `up` would do to servers, networks and volumes, in words; models are planned by `modelOutlook`. */
export function deploymentPlan(
  changes: readonly ResourceChange[],
  labels: ReadonlyMap<string, ResourceLabel>,
  project: string,
): DeploymentPlan {
  const acting = changes
    .filter(({ change }) => change.actions.some((action) => action !== 'no-op' && action !== 'read'))
    .map((resource) => ({
      ...resource,
      label:
        labels.get(resource.address) ??
        labelResource(resource.type, resource.name, resource.change.before ?? {}, project),
    }));
  const loading = acting.filter(({ label, change }) => label.kind === 'models' && change.after !== null);
  return {
    lines: acting.flatMap((resource) => (resource.label.kind === 'models' ? [] : resourceLine(resource))),
    loading: new Set(loading.map(({ label }) => label.name)),
  };
}

type LabelledChange = ResourceChange & { readonly label: ResourceLabel };

function resourceLine(resource: LabelledChange): PlanLine[] {
  const { label, change } = resource;
  // There is one gateway, and its kind is its name.
  const subject = label.kind === label.name ? label.name : `${label.kind} ${label.name}`;
  const creates = change.actions.includes('create');
  const deletes = change.actions.includes('delete');
  // What is left are helpers of ours that a person has no name for, and a volume whose record goes while it stays.
  if (label.kind === 'other' || label.kind === 'rollout' || (label.kind === 'volume' && !creates)) return [];
  if (creates && !deletes)
    return [
      { sign: '+', subject, details: resource.type === 'docker_container' ? newContainer(change.after ?? {}) : [] },
    ];
  if (deletes && !creates) return [{ sign: '-', subject, details: [] }];
  if (label.kind === 'volume') return [{ sign: '~', subject, details: ['looked after again; what is in it stays'] }];
  return [{ sign: '~', subject, details: changedDetails(resource, creates) }];
}

const newContainer = (attributes: ContainerAttributes): string[] =>
  [...containerSettings(attributes)]
    .filter(([name]) => name !== 'store' && !name.startsWith('env.'))
    .map((pair) => pair.join(' '));

function changedDetails({ type, change }: LabelledChange, replaced: boolean): string[] {
  const isContainer = type === 'docker_container';
  const changed = isContainer ? settingChanges(change.before ?? {}, change.after ?? {}) : [];
  const forced = (change.replace_paths ?? []).map(([attribute]) => String(attribute));
  const named = changed.length > 0 ? changed : [...new Set(forced)];
  const stopped = change.before?.['must_run'] === false && change.after?.['must_run'] === true ? ['started again'] : [];
  return [...stopped, ...named, ...(replaced && isContainer ? [replacementWords(change)] : [])];
}

/** A successor that is made first, and shares no port with its predecessor, takes over while that still answers. */
function replacementWords({ actions, after }: ResourceChange['change']): string {
  const ports = after?.['ports'];
  const gapless = actions[0] === 'create' && !(Array.isArray(ports) && ports.length > 0);
  return gapless ? '(replaced without a gap)' : '(replaced: a gap of seconds)';
}

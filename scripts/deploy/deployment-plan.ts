import type { Manifest, Model } from '../../manifest/manifest.js';
import { sourceText } from '../../manifest/source-text.js';
import { type ContainerAttributes, containerSettings, settingChanges } from './container-change.js';
import { modelNameKey } from '../../manifest/model-ref.js';
import type { Presence } from './presence.js';
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

export interface PlanInput {
  readonly manifest: Manifest;
  readonly changes: readonly ResourceChange[];
  readonly labels: ReadonlyMap<string, ResourceLabel>;
  /** Server name to what it said about its models just now. */
  readonly presence: ReadonlyMap<string, Presence>;
}

/** What an `up` would do, in words of servers, volumes and models; empty when it would change nothing. */
export function deploymentPlan(input: PlanInput): PlanLine[] {
  const { changes, labels, manifest } = input;
  const acting = changes
    .filter(({ change }) => change.actions.some((action) => action !== 'no-op' && action !== 'read'))
    .map((resource) => ({
      ...resource,
      label:
        labels.get(resource.address) ??
        labelResource(resource.type, resource.name, resource.change.before ?? {}, manifest.project),
    }));
  const resources = acting.flatMap((resource) => (resource.label.kind === 'models' ? [] : resourceLine(resource)));
  const loading = new Set(
    acting
      .filter(({ label, change }) => label.kind === 'models' && change.after !== null)
      .map(({ label }) => label.name),
  );
  return [...resources, ...modelLines(input, loading)];
}

type LabelledChange = ResourceChange & { readonly label: ResourceLabel };

function resourceLine(resource: LabelledChange): PlanLine[] {
  const { label, change } = resource;
  const subject = `${label.kind} ${label.name}`;
  const creates = change.actions.includes('create');
  const deletes = change.actions.includes('delete');
  // What is left are helpers of ours that a person has no name for, and a volume whose record goes while it stays.
  if (label.kind === 'other' || (label.kind === 'volume' && !creates)) return [];
  if (creates && !deletes)
    return [{ sign: '+', subject, details: label.kind === 'server' ? newServer(change.after ?? {}) : [] }];
  if (deletes && !creates) return [{ sign: '-', subject, details: [] }];
  if (label.kind === 'volume') return [{ sign: '~', subject, details: ['looked after again; its models stay'] }];
  return [{ sign: '~', subject, details: changedDetails(resource, creates) }];
}

const newServer = (attributes: ContainerAttributes): string[] =>
  [...containerSettings(attributes)]
    .filter(([name]) => name !== 'store' && !name.startsWith('env.'))
    .map((pair) => pair.join(' '));

function changedDetails({ label, change }: LabelledChange, replaced: boolean): string[] {
  const changed = label.kind === 'server' ? settingChanges(change.before ?? {}, change.after ?? {}) : [];
  const forced = (change.replace_paths ?? []).map(([attribute]) => String(attribute));
  const named = changed.length > 0 ? changed : [...new Set(forced)];
  const stopped = change.before?.['must_run'] === false && change.after?.['must_run'] === true ? ['started again'] : [];
  return [...stopped, ...named, ...(replaced && label.kind === 'server' ? ['(replaced: a gap of seconds)'] : [])];
}

/** Models that are missing from a store; where no server answers yet, the models its loader will see to. */
function modelLines({ manifest, presence }: PlanInput, loading: ReadonlySet<string>): PlanLine[] {
  const stores = [...new Set(manifest.servers.map(({ store }) => store))];
  return stores.flatMap((store) => {
    const servers = manifest.servers.filter((server) => server.store === store);
    const offered = new Set(servers.flatMap(({ models }) => models));
    const answers = servers.map(({ name }) => presence.get(name)).filter((answer) => answer?.state === 'answers');
    const present = new Set(answers.flatMap((answer) => [...answer.models]));
    const models = manifest.models.filter(({ name }) => offered.has(name));
    const missing = models.filter(({ name }) => !present.has(modelNameKey(name)));
    if (answers.length > 0) {
      const lines = missing.map((model) => modelLine(model, []));
      const kept = models.length - missing.length;
      if (!loading.has(store) || kept === 0) return lines;
      return [
        ...lines,
        { sign: '~' as const, subject: `models in ${store}`, details: [`${kept} present, looked over again`] },
      ];
    }
    return loading.has(store) ? models.map((model) => modelLine(model, ['(unless the volume holds it already)'])) : [];
  });
}

const modelLine = (model: Model, notes: readonly string[]): PlanLine => ({
  sign: '+',
  subject: `model ${model.name}`,
  details: [`from ${model.from.map(sourceText).join(', else ')}`, ...notes],
});

/** What a resource is to a person: `server main`, `volume ollama-models`. */
export interface ResourceLabel {
  readonly kind: 'server' | 'volume' | 'network' | 'image' | 'models' | 'other';
  readonly name: string;
}

/** The parts of `cdk.tf.json` that we read. */
export interface SynthesizedStack {
  readonly terraform?: unknown;
  readonly provider?: unknown;
  readonly resource?: Readonly<Record<string, Readonly<Record<string, ResourceJson>>>>;
}

export type ResourceJson = Readonly<Record<string, unknown>>;

const kinds: Readonly<Record<string, ResourceLabel['kind']>> = {
  docker_container: 'server',
  docker_network: 'network',
  docker_image: 'image',
};

/** Terraform address of each resource to its label; containers are called by their server's name. */
export function labelResources(stack: SynthesizedStack, project: string): ReadonlyMap<string, ResourceLabel> {
  const labels = new Map<string, ResourceLabel>();
  for (const [type, resources] of Object.entries(stack.resource ?? {})) {
    for (const [id, resource] of Object.entries(resources))
      labels.set(`${type}.${id}`, labelResource(type, id, resource, project));
  }
  return labels;
}

/** The label of one resource, from its attributes as synthesized or as planned. */
export function labelResource(type: string, id: string, attributes: ResourceJson, project: string): ResourceLabel {
  const label = type === 'terraform_data' ? verbLabel(attributes) : undefined;
  if (label) return label;
  const kind = kinds[type] ?? 'other';
  const name = typeof attributes['name'] === 'string' ? attributes['name'] : id;
  return { kind, name: kind === 'server' && name.startsWith(`${project}-`) ? name.slice(project.length + 1) : name };
}

interface LocalExec {
  readonly interpreter?: readonly string[];
  readonly command?: string;
}

/** A `terraform_data` resource runs one of our verbs: `load` on `load-<store>.json`, `ensure-store` on a volume, `ensure-network` on a network. */
function verbLabel(attributes: ResourceJson): ResourceLabel | undefined {
  const provisioners = attributes['provisioner'] as readonly { 'local-exec'?: LocalExec }[] | undefined;
  const { interpreter = [], command = '' } = provisioners?.[0]?.['local-exec'] ?? {};
  if (interpreter.includes('load')) return { kind: 'models', name: command.replace(/^load-|\.json$/g, '') };
  if (interpreter.includes('ensure-network')) return { kind: 'network', name: command };
  if (interpreter.includes('ensure-store')) return { kind: 'volume', name: command };
  return undefined;
}

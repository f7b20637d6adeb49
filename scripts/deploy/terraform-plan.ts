import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Failure, type Finding } from '../shell/problem.js';
import type { ResourceChange } from './deployment-plan.js';
import type { SynthesizedStack } from './synthesized-stack.js';
import { runTerraform, terraformArguments } from './terraform.js';
import { explainTerraformError } from './terraform-errors.js';
import { parseTerraformEvent, type TerraformEvent } from './terraform-event.js';
import type { Workplace } from './workplace.js';

/** What Terraform would change. @throws Failure with every error explained */
export async function plannedChanges({ terraform, labels, stack }: Workplace): Promise<readonly ResourceChange[]> {
  const file = `ollama-stacks-${process.pid}.tfplan`;
  try {
    const planned = await runTerraform(terraform, terraformArguments.plan(file));
    const events = planned.stdout.split('\n').flatMap((line) => parseTerraformEvent(line) ?? []);
    if (planned.code !== 0) throw new Failure(planErrors(events, planned.stderr, labels));
    const creations = onlyCreations(events, stack);
    if (creations !== undefined) return creations;
    const shown = await runTerraform(terraform, terraformArguments.show(file));
    if (shown.code !== 0) throw new Failure([explainTerraformError({ summary: shown.stderr, detail: '' })]);
    return (JSON.parse(shown.stdout) as { resource_changes?: ResourceChange[] }).resource_changes ?? [];
  } finally {
    await rm(path.join(terraform.directory, file), { force: true });
  }
}

/**
 * The changes as far as the events of `terraform plan` and the configuration tell them: when there are none, or only new
 * resources. Undefined when something there is changes, whose attributes `terraform show` knows; that starts the
 * provider once more, which takes as long as the plan.
 */
export function onlyCreations(
  events: readonly TerraformEvent[],
  { resource = {} }: SynthesizedStack,
): readonly ResourceChange[] | undefined {
  const changes = events.filter((event) => event.type === 'planned');
  if (changes.some(({ action }) => action !== 'create')) return undefined;
  const addresses = changes.map(({ address }) => address).toSorted();
  return addresses.map((address) => {
    const [type = '', name = ''] = address.split('.');
    const after = resource[type]?.[name] ?? {};
    return { address, type, name, change: { actions: ['create'], before: null, after } };
  });
}

function planErrors(events: readonly TerraformEvent[], stderr: string, labels: Workplace['labels']): Finding[] {
  const findings = events.flatMap((event) => {
    if (event.type !== 'diagnostic' || event.severity !== 'error') return [];
    const label = event.address === undefined ? undefined : labels.get(event.address);
    return [explainTerraformError(event, label && `${label.kind} ${label.name}`)];
  });
  return findings.length > 0 ? findings : [explainTerraformError({ summary: stderr, detail: '' })];
}

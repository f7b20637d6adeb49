import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Failure, type Finding } from '../shell/problem.js';
import type { ResourceChange } from './deployment-plan.js';
import { runTerraform, terraformArguments } from './terraform.js';
import { explainTerraformError } from './terraform-errors.js';
import { parseTerraformEvent } from './terraform-event.js';
import type { Workplace } from './workplace.js';

/** What Terraform would change. @throws Failure with every error explained */
export async function plannedChanges({ terraform, labels }: Workplace): Promise<ResourceChange[]> {
  const file = `ollama-stacks-${process.pid}.tfplan`;
  try {
    const planned = await runTerraform(terraform, terraformArguments.plan(file));
    if (planned.code !== 0) throw new Failure(planErrors(planned.stdout, planned.stderr, labels));
    const shown = await runTerraform(terraform, terraformArguments.show(file));
    if (shown.code !== 0) throw new Failure([explainTerraformError({ summary: shown.stderr, detail: '' })]);
    return (JSON.parse(shown.stdout) as { resource_changes?: ResourceChange[] }).resource_changes ?? [];
  } finally {
    await rm(path.join(terraform.directory, file), { force: true });
  }
}

function planErrors(stdout: string, stderr: string, labels: Workplace['labels']): Finding[] {
  const findings = stdout.split('\n').flatMap((line) => {
    const event = parseTerraformEvent(line);
    if (event?.type !== 'diagnostic' || event.severity !== 'error') return [];
    const label = event.address === undefined ? undefined : labels.get(event.address);
    return [explainTerraformError(event, label && `${label.kind} ${label.name}`)];
  });
  return findings.length > 0 ? findings : [explainTerraformError({ summary: stderr, detail: '' })];
}

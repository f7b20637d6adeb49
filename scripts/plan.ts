import { rm } from 'node:fs/promises';
import path from 'node:path';
import { deploymentPlan, type ResourceChange } from './deploy/deployment-plan.js';
import { askPresence } from './deploy/presence.js';
import { openManifest } from './deploy/synthesis.js';
import { runTerraform, terraformArguments } from './deploy/terraform.js';
import { explainTerraformError } from './deploy/terraform-errors.js';
import { parseTerraformEvent } from './deploy/terraform-event.js';
import { openWorkplace, requireToolchain, type Workplace } from './deploy/workplace.js';
import { planText } from './report/plan-text.js';
import { exitCode } from './shell/exit-code.js';
import { Failure, type Finding } from './shell/problem.js';
import { readProject } from './shell/project.js';
import { manifestFlags, runVerb } from './shell/verb.js';

const verb = {
  name: 'plan',
  summary: 'Says what `up` would change, in words of servers and models; exits 3 when it would change something.',
  flags: { ...manifestFlags, json: { type: 'boolean', help: 'print the plan as JSON' } },
} as const;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, plan);
}

/** The verb itself; `up --dry-run` is the same. */
export async function plan(flags: { file?: string; profile?: string; json: boolean }): Promise<number> {
  const project = await readProject(flags);
  const manifest = await openManifest(project);
  const resolved = await requireToolchain(manifest);
  const asked = askPresence(manifest);
  const workplace = await openWorkplace(project, manifest, resolved);
  const lines = deploymentPlan({
    manifest,
    changes: await plannedChanges(workplace),
    labels: workplace.labels,
    presence: await asked,
  });
  process.stdout.write(flags.json ? `${JSON.stringify({ changes: lines }, undefined, 2)}\n` : planText(lines));
  return lines.length === 0 ? exitCode.fine : exitCode.wouldChange;
}

async function plannedChanges({ terraform, labels }: Workplace): Promise<ResourceChange[]> {
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

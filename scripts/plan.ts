import type { LoadPlan } from '../manifest/load-plan.js';
import { deploymentPlan, type PlanLine } from './deploy/deployment-plan.js';
import { explained } from './deploy/load-problem.js';
import { forgottenModels } from './deploy/model-drift.js';
import { modelOutlook, type ModelOutlook } from './deploy/model-outlook.js';
import { askPresence } from './deploy/presence.js';
import { projectPlans } from './deploy/project-plans.js';
import { RegistrySizes } from './deploy/registry-sizes.js';
import { roomFinding } from './deploy/room.js';
import type { StoreAccess } from './deploy/store-facts.js';
import { lookIntoStores } from './deploy/store-look.js';
import { openManifest } from './deploy/synthesis.js';
import { plannedChanges } from './deploy/terraform-plan.js';
import { openWorkplace, requireToolchain } from './deploy/workplace.js';
import { carePlanLines, modelPlanLines, totalsText } from './report/model-plan-lines.js';
import { planText } from './report/plan-text.js';
import { style } from './report/style.js';
import { exitCode } from './shell/exit-code.js';
import { Failure } from './shell/problem.js';
import { readProject } from './shell/project.js';
import { manifestFlags, runVerb } from './shell/verb.js';

const verb = {
  name: 'plan',
  summary:
    'Says what `up` would change, in words of servers and models, and what that costs; exits 3 when it would change something, 1 when the disk has not the room.',
  flags: { ...manifestFlags, json: { type: 'boolean', help: 'print the plan as JSON: sizes in bytes, times in ms' } },
} as const;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, plan);
}

/** The verb itself; `up --dry-run` is the same. */
export async function plan(flags: {
  readonly file?: string | undefined;
  readonly profile?: string | undefined;
  readonly json: boolean;
}): Promise<number> {
  const project = await readProject(flags);
  const manifest = await openManifest(project);
  const plans = await projectPlans(project, manifest);
  const resolved = await requireToolchain(manifest);
  const answers = await askPresence(manifest);
  const workplace = await openWorkplace(project, manifest, resolved);
  const [changes, outlook] = await Promise.all([
    plannedChanges(workplace),
    explained(() => lookAhead(plans, { manifest, resolved, answers })),
  ]);
  const { lines, loading } = deploymentPlan(changes, workplace.labels, manifest.project);
  const forgotten = plans.flatMap((one) => forgottenModels(one, answers));
  const cares = [...lines, ...carePlanLines(outlook.stores, loading, forgotten)];
  process.stdout.write(flags.json ? planJson(cares, outlook) : planAsText(cares, outlook));
  const shortage = roomFinding(outlook.totals);
  if (shortage) throw new Failure([shortage]);
  const changesNothing = cares.length === 0 && outlook.stores.every(({ entries }) => entries.length === 0);
  return changesNothing ? exitCode.fine : exitCode.wouldChange;
}

async function lookAhead(plans: readonly LoadPlan[], access: StoreAccess): Promise<ModelOutlook> {
  const sizes = new RegistrySizes(access.manifest);
  try {
    return await modelOutlook(await lookIntoStores(plans, access), { root: plans[0]?.root ?? '.', ask: sizes.ask });
  } finally {
    await sizes.close();
  }
}

function planAsText(cares: readonly PlanLine[], { stores, totals, unreadable }: ModelOutlook): string {
  const models = modelPlanLines(stores);
  const warnings = Object.entries(unreadable).map(
    ([store, reason]) => `${style.yellow('!')} store ${store} cannot be looked into: ${reason}\n`,
  );
  return [planText([...cares, ...models], models.length > 0 ? totalsText(totals) : undefined), ...warnings].join('');
}

function planJson(changes: readonly PlanLine[], { stores, totals, unreadable }: ModelOutlook): string {
  const models = stores.flatMap(({ entries }) => entries);
  const byStore = stores.map(({ store, disk, kept, totals: own }) => ({ store, disk, kept, ...own }));
  return `${JSON.stringify({ changes, models, stores: byStore, totals, unreadable }, undefined, 2)}\n`;
}

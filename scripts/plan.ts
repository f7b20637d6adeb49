import type { ServerCapacity } from '../manifest/capacity.js';
import type { LoadPlan } from '../manifest/load-plan.js';
import { type CapacityCheck, type CapacityOutlook, capacityOutlook } from './deploy/capacity-check.js';
import { changedServers } from './deploy/changed-servers.js';
import { deploymentPlan, type PlanLine } from './deploy/deployment-plan.js';
import { groupFindings } from './deploy/gpu-findings.js';
import { explained } from './deploy/load-problem.js';
import { plansWithContainers } from './deploy/located-manifest.js';
import { certificateObstacles } from './deploy/machine-check.js';
import { forgottenModels } from './deploy/model-drift.js';
import { modelOutlook, type ModelOutlook } from './deploy/model-outlook.js';
import { askPresence } from './deploy/presence.js';
import { projectPlans } from './deploy/project-plans.js';
import { RegistrySizes } from './deploy/registry-sizes.js';
import { roomFinding } from './deploy/room.js';
import { readState } from './deploy/state.js';
import type { StoreAccess } from './deploy/store-facts.js';
import { lookIntoStores } from './deploy/store-look.js';
import { localRecord } from './deploy/store-record.js';
import { openManifest } from './deploy/synthesis.js';
import { plannedChanges } from './deploy/terraform-plan.js';
import { located, openWorkplace, requireToolchain, type Workplace } from './deploy/workplace.js';
import { capacityText } from './report/capacity-lines.js';
import { carePlanLines, modelPlanLines, totalsText } from './report/model-plan-lines.js';
import { placedServers, type PlacedServer, placementText } from './report/placement-lines.js';
import { planText } from './report/plan-text.js';
import { style } from './report/style.js';
import { exitCode } from './shell/exit-code.js';
import { Failure } from './shell/problem.js';
import { openLock, type ProjectFile, readProject } from './shell/project.js';
import { manifestFlags, runVerb } from './shell/verb.js';

const verb = {
  name: 'plan',
  summary:
    'Says what `up` would change, in words of servers and models, and what that costs; exits 3 when it would change something, 1 when the disk or the memory has not the room, or the certificate of the gateway is of no use.',
  flags: {
    ...manifestFlags,
    force: {
      type: 'boolean',
      help: 'as `up --force`: models that do not fit into memory are no reason to exit with 1',
    },
    json: { type: 'boolean', help: 'print the plan as JSON: sizes in bytes, times in ms' },
  },
} as const;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, plan);
}

/** The verb itself; `up --dry-run` is the same. */
export async function plan(flags: {
  readonly file?: string | undefined;
  readonly profile?: string | undefined;
  readonly force: boolean;
  readonly json: boolean;
}): Promise<number> {
  const project = await readProject(flags);
  const manifest = await openManifest(project);
  const declared = await projectPlans(project, manifest);
  const resolved = await requireToolchain(manifest);
  const unknown = groupFindings(manifest.servers, resolved.deviceGroups);
  if (unknown.length > 0) throw new Failure(unknown);
  const found = await located(manifest);
  const answers = await askPresence(found);
  const plans = plansWithContainers(declared, found);
  const workplace = await openWorkplace(project, manifest, resolved);
  const [changes, outlook] = await Promise.all([
    plannedChanges(workplace),
    explained(() => lookAhead(plans, { manifest, resolved, answers })),
  ]);
  const { lines, loading } = deploymentPlan(changes, workplace.labels, manifest.project);
  const forgotten = plans.flatMap((one) => forgottenModels(one, answers));
  const cares = [...lines, ...carePlanLines(outlook.stores, loading, forgotten)];
  const changesNothing = cares.length === 0 && outlook.stores.every(({ entries }) => entries.length === 0);
  const wantsCapacity = flags.json || !changesNothing;
  const capacity = wantsCapacity ? await capacityAhead(workplace, { project, plans, answers, ...flags }) : undefined;
  const { capacities = [], refusals = [] } = capacity ?? {};
  const placed = placedServers(manifest);
  process.stdout.write(
    flags.json ? planJson(cares, outlook, { capacity: capacities, placed }) : planAsText(cares, outlook, capacities),
  );
  if (!flags.json) process.stdout.write(placementText(manifest));
  const shortage = roomFinding(outlook.totals);
  const obstacles = [...(await certificateObstacles(project, manifest)), ...(shortage ? [shortage] : []), ...refusals];
  if (obstacles.length > 0) throw new Failure(obstacles);
  return changesNothing ? exitCode.fine : exitCode.wouldChange;
}

/** What fits where, on all servers; what stands in the way is of those that change. */
async function capacityAhead(
  workplace: Workplace,
  asked: Pick<CapacityCheck, 'plans' | 'answers' | 'force'> & { readonly project: ProjectFile },
): Promise<CapacityOutlook> {
  const { manifest, resolved } = workplace;
  const { project, plans } = asked;
  const state = await readState(manifest.project);
  const records = new Map(await Promise.all(plans.map(async (one) => [one.store, await localRecord(one)] as const)));
  const servers = new Set(manifest.servers.map(({ name }) => name));
  const changed = changedServers(workplace, state);
  return capacityOutlook({ ...asked, manifest, resolved, records, lock: openLock(project), servers, changed });
}

async function lookAhead(plans: readonly LoadPlan[], access: StoreAccess): Promise<ModelOutlook> {
  const sizes = new RegistrySizes(access.manifest);
  try {
    return await modelOutlook(await lookIntoStores(plans, access), { root: plans[0]?.root ?? '.', ask: sizes.ask });
  } finally {
    await sizes.close();
  }
}

function planAsText(
  cares: readonly PlanLine[],
  { stores, totals, unreadable }: ModelOutlook,
  capacities: readonly ServerCapacity[],
): string {
  const models = modelPlanLines(stores);
  const warnings = Object.entries(unreadable).map(
    ([store, reason]) => `${style.yellow('!')} store ${store} cannot be looked into: ${reason}\n`,
  );
  const text = planText([...cares, ...models], models.length > 0 ? totalsText(totals) : undefined);
  return [text, capacityText(capacities), ...warnings].join('');
}

/** What every layer of a model takes is for us to reckon with. */
function withoutLayers(key: string, value: unknown): unknown {
  return key === 'layers' && Array.isArray(value) ? undefined : value;
}

function planJson(
  changes: readonly PlanLine[],
  { stores, totals, unreadable }: ModelOutlook,
  further: { readonly capacity: readonly ServerCapacity[]; readonly placed: readonly PlacedServer[] },
): string {
  const models = stores.flatMap(({ entries }) => entries);
  const byStore = stores.map(({ store, disk, kept, totals: own }) => ({ store, disk, kept, ...own }));
  const all = { changes, models, stores: byStore, totals, unreadable, ...further };
  return `${JSON.stringify(all, withoutLayers, 2)}\n`;
}

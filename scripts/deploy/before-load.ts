import type { LoadPlan } from '../../manifest/load-plan.js';
import type { StoreRecord } from '../../ollama/load-record.js';
import { Failure } from '../shell/problem.js';
import { explained } from './load-problem.js';
import { storeChange } from './model-drift.js';
import { storedModels } from './presence.js';
import type { StoreAccess } from './store-facts.js';
import type { StoreLook } from './store-look.js';

/** What an `up` is about to do with models. */
export interface LoadQuestion extends StoreAccess {
  readonly plans: readonly LoadPlan[];
  /** This checkout's copies. */
  readonly records: ReadonlyMap<string, StoreRecord>;
  readonly frozen: boolean;
  /** Whether every question is answered with yes. */
  readonly yes: boolean;
}

/**
 * What about models stands in the way, before anything is changed: a tag that moved, no room, a prune of everything.
 * Where the servers have what they should, neither the engine nor a registry is asked.
 * @returns whether a prune of everything is wanted
 * @throws Failure
 */
export async function checkLoads(question: LoadQuestion): Promise<boolean> {
  const inQuestion = question.plans.filter((plan) => isInQuestion(plan, question));
  if (inQuestion.length === 0) return question.yes;
  const { lookIntoStores } = await import('./store-look.js');
  const looks = await explained(() => lookIntoStores(inQuestion, question));
  if (question.frozen) await refuseMoved(looks, question);
  await refuseWithoutRoom(looks);
  return mayPrune(looks, question.yes);
}

/** Whether a store may want bytes that the lock tells of, or lose all its models. */
function isInQuestion(plan: LoadPlan, { answers, records }: LoadQuestion): boolean {
  const stored = storedModels(plan.servers, answers) ?? [];
  const record = records.get(plan.store) ?? { models: {}, rates: {} };
  if (plan.models.length === 0) return plan.prune !== undefined;
  return storeChange(plan, stored, record).steps.some((step) => step.action === 'load' && step.locked);
}

async function refuseMoved(looks: readonly StoreLook[], { manifest }: LoadQuestion): Promise<void> {
  const { movedTags } = await import('./moved-tags.js');
  const moved = await movedTags(looks, manifest);
  if (moved.length > 0) throw new Failure(moved);
}

async function refuseWithoutRoom(looks: readonly StoreLook[]): Promise<void> {
  const { modelOutlook } = await import('./model-outlook.js');
  const { roomFinding } = await import('./room.js');
  const shortage = roomFinding((await modelOutlook(looks, { root: looks[0]?.plan.root ?? '.' })).totals);
  if (shortage) throw new Failure([{ ...shortage, next: `nothing was changed: ${shortage.next}` }]);
}

/** A list of models that is empty is more often a mistake than a wish. */
async function mayPrune(looks: readonly StoreLook[], yes: boolean): Promise<boolean> {
  const emptied = looks.filter(({ plan, prune }) => plan.models.length === 0 && prune.length > 0);
  if (yes || emptied.length === 0) return yes;
  const what = emptied.map(({ plan, prune }) => `${prune.join(', ')} from ${plan.store}`).join(' and ');
  const { confirm } = await import('../shell/confirm.js');
  if (process.stdin.isTTY && (await confirm(`no model is declared; remove ${what}`))) return true;
  const message = `no model is declared, so \`prune\` would remove ${what}`;
  const next = 'nothing was changed: add --yes if that is meant, or take `prune` out of the manifest';
  throw new Failure([{ code: 'prune-all', message, next }]);
}

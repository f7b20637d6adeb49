import type { PlanTotals } from '../../manifest/model-plan-totals.js';
import type { ModelPlanEntry, StorePlan } from '../../manifest/model-plan.js';
import { formatBytes, formatDuration } from '../../manifest/units.js';
import type { PlanLine } from '../deploy/deployment-plan.js';

/** The models of a plan in words, one line each; sizes stand in a column of their own. */
export function modelPlanLines(stores: readonly StorePlan[]): PlanLine[] {
  const entries = stores.flatMap((store) => store.entries);
  const width = Math.max(0, ...entries.map((entry) => firstWords(entry).length));
  const several = stores.length > 1;
  return entries.map((entry) => {
    const others = [...(several ? [`in ${entry.store}`] : []), ...furtherWords(entry)];
    const [first, ...rest] = [firstWords(entry), ...others];
    return { sign: entry.sign, subject: `model ${entry.model}`, details: [first.padEnd(width), ...rest] };
  });
}

function firstWords({ sign, bytes, stored = 0, shared = 0, freed }: ModelPlanEntry): string {
  if (sign === '-') return freed === undefined ? 'frees nothing: others use its layers' : `frees ${formatBytes(freed)}`;
  if (bytes === undefined) return 'size unknown';
  const parts = [
    ...(stored > 0 ? [`${stored === bytes ? 'all' : formatBytes(stored)} already in store`] : []),
    ...(shared > 0 ? [`${shared === bytes ? 'all' : formatBytes(shared)} shared with a model above`] : []),
  ];
  return `${formatBytes(bytes)}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}

function furtherWords({ sign, reason, source, freed, unknown }: ModelPlanEntry): string[] {
  if (sign === '-') return ['no longer declared'];
  return [
    // That a new model is missing says its sign.
    ...(reason !== undefined && reason !== 'missing' ? [reason] : []),
    `from ${source}`,
    ...(freed === undefined ? [] : [`frees ${formatBytes(freed)}`]),
    ...(unknown === undefined ? [] : [`(${unknown})`]),
  ];
}

/** Models that need no bytes: those of a loader that runs anyway, and those that a server is to hold in memory again. */
export function carePlanLines(
  stores: readonly StorePlan[],
  loading: ReadonlySet<string>,
  forgotten: readonly { readonly model: string; readonly server: string }[],
): PlanLine[] {
  const loaded = new Set(stores.flatMap(({ entries }) => entries.map(({ model }) => model)));
  const kept = stores.filter((plan) => plan.kept > 0 && loading.has(plan.store));
  return [
    ...kept.map(({ store, kept: present }): PlanLine => {
      return { sign: '~', subject: `models in ${store}`, details: [`${present} present, looked over again`] };
    }),
    ...forgotten
      .filter(({ model }) => !loaded.has(model))
      .map(({ model, server }): PlanLine => {
        return { sign: '~', subject: `model ${model}`, details: [`not in the memory of ${server}: preloaded again`] };
      }),
  ];
}

/** What the models cost together: `fetch 2.1 GB in about 40 s   frees 4.7 GB   disk left 71 GB`. */
export function totalsText({ fetch, copied, unknownSizes, freed, left, ms }: PlanTotals): string {
  const unknown = `${unknownSizes} model${unknownSizes === 1 ? '' : 's'} of unknown size`;
  const known = fetch === 0 ? 'nothing' : `${formatBytes(fetch)}${ms === undefined ? '' : ` in about ${roundly(ms)}`}`;
  const what = unknownSizes === 0 ? known : fetch === 0 ? unknown : `${known} and ${unknown}`;
  return [
    `fetch ${what}`,
    ...(copied > 0 ? [`Ollama copies ${formatBytes(copied)}`] : []),
    ...(freed > 0 ? [`frees ${formatBytes(freed)}`] : []),
    ...(left === undefined
      ? ['disk left unknown']
      : [`disk left ${unknownSizes > 0 ? 'at most ' : ''}${signed(left)}`]),
  ].join('   ');
}

const signed = (bytes: number): string => (bytes < 0 ? `-${formatBytes(-bytes)}` : formatBytes(bytes));

/** An estimate has no tenths. */
const roundly = (ms: number): string => (ms < 59_500 ? `${Math.max(1, Math.round(ms / 1000))} s` : formatDuration(ms));

/** What models cost together; all sizes in bytes. */
export interface PlanTotals {
  /** To fetch, each layer once; without the models of unknown size. */
  readonly fetch: number;
  /** Copies that Ollama writes of what is uploaded, when it creates a model of it; not among `fetch`. */
  readonly copied: number;
  /** How many models are of unknown size. */
  readonly unknownSizes: number;
  /** What a prune and replaced models give back. */
  readonly freed: number;
  /** Time to fetch at the measured rates, in milliseconds; absent when a rate is not known. */
  readonly ms?: number;
  /** Free on the disk now, and when all is done; absent when nobody could tell. */
  readonly free?: number;
  readonly left?: number;
  /** Whether the disk has the room. What is freed does not count, because it is freed at the end. */
  readonly room: 'enough' | 'short' | 'unknown';
}

/** Bytes that stay free: Docker, logs and parts of downloads need some, too. The loader keeps to the same. */
export const diskReserve = 256e6;

/** Less than this fits where the disk is all but full. */
export const negligible = 64e6;

/** The part of the totals that does not depend on the disk. */
export type Costs = Pick<PlanTotals, 'fetch' | 'copied' | 'unknownSizes' | 'freed' | 'ms'>;

/** The totals of stores that share one disk with `free` bytes. */
export function diskTotals(costs: readonly Costs[], free: number | undefined): PlanTotals {
  const sums = addCosts(costs);
  const room = roomFor(sums, free);
  return { ...sums, ...(free !== undefined && { free, left: free - sums.fetch - sums.copied + sums.freed }), room };
}

/** The totals of several stores; those of one disk have to find room together, and the tightest disk is the one told. */
export function planTotals(plans: readonly { readonly disk: string; readonly totals: PlanTotals }[]): PlanTotals {
  const disks = [...new Set(plans.map(({ disk }) => disk))].map((disk) => {
    const totals = plans.filter((plan) => plan.disk === disk).map((plan) => plan.totals);
    return diskTotals(totals, smallest(totals.map(({ free }) => free)));
  });
  const left = smallest(disks.map((disk) => disk.left));
  const free = disks.find((disk) => disk.left === left)?.free;
  return {
    ...addCosts(disks),
    ...(free !== undefined && left !== undefined && { free, left }),
    room: (['short', 'unknown'] as const).find((word) => disks.some(({ room }) => room === word)) ?? 'enough',
  };
}

function addCosts(costs: readonly Costs[]): Costs {
  const total = (one: (cost: Costs) => number): number => costs.reduce((sum, cost) => sum + one(cost), 0);
  const sums = {
    fetch: total(({ fetch }) => fetch),
    copied: total(({ copied }) => copied),
    unknownSizes: total(({ unknownSizes }) => unknownSizes),
    freed: total(({ freed }) => freed),
  };
  return costs.every(({ ms }) => ms !== undefined) ? { ...sums, ms: total(({ ms = 0 }) => ms) } : sums;
}

function roomFor({ fetch, copied, unknownSizes }: Costs, free: number | undefined): PlanTotals['room'] {
  const needed = fetch + copied;
  if (free !== undefined && needed + (needed < negligible ? 0 : diskReserve) > free) return 'short';
  if (unknownSizes > 0) return 'unknown';
  return free === undefined && needed > 0 ? 'unknown' : 'enough';
}

/** Nothing when one of them is not known. */
function smallest(values: readonly (number | undefined)[]): number | undefined {
  return values.every((value) => value !== undefined) && values.length > 0 ? Math.min(...values) : undefined;
}

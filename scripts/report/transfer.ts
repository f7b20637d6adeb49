import { formatBytes, formatDuration } from '../../manifest/units.js';

/** How far a download or upload is, with enough of its past to tell the rate. */
export interface Transfer {
  readonly completed: number;
  readonly total: number;
  /** Bytes a second over the last seconds; absent at first. */
  readonly rate?: number;
  /** The sample the rate counts from, in milliseconds. */
  readonly since: { readonly at: number; readonly completed: number };
}

/** The rate counts over this time: long enough to be calm, short enough to follow a change. */
const windowMs = 3000;

/** The transfer after a further report; a smaller count than before is another layer, which starts anew. */
export function advance(before: Transfer | undefined, completed: number, total: number, at: number): Transfer {
  if (!before || completed < before.completed || total !== before.total)
    return { completed, total, since: { at, completed } };
  const elapsed = at - before.since.at;
  if (elapsed < windowMs / 3) return { ...before, completed };
  const measured = ((completed - before.since.completed) / elapsed) * 1000;
  const since = elapsed > windowMs ? { at, completed } : before.since;
  return { completed, total, rate: measured, since };
}

/** `45/98 MB   12 MB/s   5 s left`. */
export function formatTransfer({ completed, total, rate }: Transfer): string {
  const parts = [`${formatBytes(completed)} of ${formatBytes(total)}`];
  if (rate !== undefined && rate > 0) {
    parts.push(`${formatBytes(rate)}/s`);
    if (completed < total) parts.push(`${formatDuration(((total - completed) / rate) * 1000)} left`);
  }
  return parts.join('   ');
}

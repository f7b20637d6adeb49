import { formatDuration } from '../../manifest/units.js';
import { style } from './style.js';

/** Time is worth a column from here on. */
const worthSaying = 100;

/** One aligned line of what was done: `server     main                       started   0.5 s`. */
export function row(label: string, subject: string, result: string, ms = 0): string {
  const took = ms < worthSaying ? '' : `   ${style.dim(formatDuration(ms))}`;
  return `${style.bold(label.padEnd(9))}  ${subject.padEnd(25)}  ${result}${took}`.trimEnd();
}

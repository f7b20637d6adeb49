import { diskReserve, type PlanTotals } from '../../manifest/model-plan-totals.js';
import { formatBytes } from '../../manifest/units.js';
import type { Finding } from '../shell/problem.js';

/** Why the models do not fit; undefined when they do, or when nobody knows. */
export function roomFinding({ room, fetch, copied, free, freed }: PlanTotals): Finding | undefined {
  if (room !== 'short' || free === undefined) return undefined;
  const needed = fetch + copied;
  const later = freed > 0 ? `; the ${formatBytes(freed)} that are given back come too late, at the end` : '';
  return {
    code: 'no-room',
    message: `the engine's disk has not the room: ${formatBytes(needed)} to write, ${formatBytes(free)} free, of which ${formatBytes(diskReserve)} stay free${later}`,
    next: `make ${formatBytes(needed + diskReserve - free)} of room where the engine keeps its volumes (docker system df), or declare fewer models`,
  };
}

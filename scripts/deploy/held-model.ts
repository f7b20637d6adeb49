import type { Model } from '../../manifest/manifest.js';
import { parseDuration } from '../../manifest/units.js';

/** Whether a model has to be in memory at any time: one that is held for a while may be gone again, and rightly so. */
export function isHeld({ preload }: Pick<Model, 'preload'>): boolean {
  return preload !== undefined && (parseDuration(preload.keepAlive) ?? 0) < 0;
}

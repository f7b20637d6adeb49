import path from 'node:path';
import type { LoadPlan } from '../../manifest/load-plan.js';
import { loadPlans } from '../../manifest/load-plans.js';
import type { Manifest } from '../../manifest/manifest.js';
import { openLock, type ProjectFile } from '../shell/project.js';

/** What the loader of each store will have to do, as `synth` writes it; `root` is relative to the working directory. */
export function projectPlans(project: ProjectFile, manifest: Manifest): LoadPlan[] {
  return loadPlans(manifest, path.dirname(project.file), openLock(project));
}

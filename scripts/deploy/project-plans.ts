import path from 'node:path';
import type { LoadPlan } from '../../manifest/load-plan.js';
import { loadPlans } from '../../manifest/load-plans.js';
import type { Manifest } from '../../manifest/manifest.js';
import { withLocalFiles } from '../../ollama/local-files.js';
import { openLock, type ProjectFile } from '../shell/project.js';

/** What the loader of each store will have to do, as `synth` writes it and with what lies in local files now; `root` is relative to the working directory. */
export async function projectPlans(project: ProjectFile, manifest: Manifest): Promise<LoadPlan[]> {
  const root = path.dirname(project.file);
  const plans = loadPlans(manifest, root, openLock(project));
  return Promise.all(plans.map(async (plan) => withLocalFiles(plan, root)));
}

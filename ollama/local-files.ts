import path from 'node:path';
import type { LoadPlan, PlannedModel } from '../manifest/load-plan.js';
import { sourceText } from '../manifest/source-text.js';
import { ggufCache, sha256OfFile } from './gguf-cache.js';

/**
 * The plan with the digests of the local GGUFs that its models are made of, so that a file which was written anew under
 * its old name is noticed. Unchanged files are not read again (`sha256OfFile`); what cannot be read is left to the load.
 */
export async function withLocalFiles(plan: LoadPlan, root: string, cache = ggufCache()): Promise<LoadPlan> {
  const models = await Promise.all(plan.models.map(async (model) => withDigests(model, root, cache)));
  return { ...plan, models };
}

async function withDigests(model: PlannedModel, root: string, cache: string): Promise<PlannedModel> {
  // Of several sources the record does not tell which was taken.
  const [source, ...others] = model.from.filter(
    (one) => model.locked === undefined || sourceText(one) === model.locked.source,
  );
  const parts = [others.length === 0 ? source : undefined, ...model.adapters];
  if (!parts.some((part) => part?.kind === 'gguf' && part.location.kind === 'file')) return model;
  const files = parts.map(async (part) => {
    if (part?.kind !== 'gguf' || part.location.kind !== 'file') return undefined;
    const sha256 = await sha256OfFile(path.resolve(root, part.location.path), cache).catch(() => undefined);
    return sha256 && `sha256:${sha256}`;
  });
  return { ...model, files: await Promise.all(files) };
}

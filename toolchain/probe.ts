import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Resolved } from '../manifest/resolved.js';
import { endpoint, socketPath } from './endpoint.js';
import { getFromEngine } from './engine-api.js';
import { mirrorFiles } from './provider-mirror.js';
import { readResolved } from './resolved.js';

/**
 * The warm path: what was settled on before, when all of it still stands: the same engine answers and holds the images,
 * and Terraform and the provider are where they were. Starts no process and asks no registry; a few milliseconds.
 * Undefined means that `prepare` has to look; an optional image that was left out is not looked for again.
 */
export async function probe(
  cwd: string,
  images: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  optionalImages: readonly string[] = [],
): Promise<Resolved | undefined> {
  const resolved = await readResolved(cwd);
  if (!resolved || !images.every((image) => resolved.images[image])) return undefined;
  const { leftOut = [] } = resolved;
  if (!optionalImages.every((image) => resolved.images[image] ?? leftOut.includes(image))) return undefined;
  try {
    const { host } = await endpoint(env);
    const socket = socketPath(host);
    if (host !== resolved.engine.host || socket === undefined || changedByUser(resolved, env)) return undefined;
    const wanted = [...images, ...optionalImages.filter((image) => resolved.images[image])];
    const references = wanted.map((image) => resolved.images[image]?.reference ?? image);
    const [held] = await Promise.all([
      holds(socket, references),
      access(resolved.terraform.path),
      mirrorStands(resolved),
    ]);
    return held ? resolved : undefined;
  } catch {
    return undefined;
  }
}

/** Variables that name a piece count from the next run on. */
function changedByUser({ terraform, provider }: Resolved, env: NodeJS.ProcessEnv): boolean {
  const binary = env.TERRAFORM_BINARY_NAME;
  const mirror = env.OLLAMA_STACKS_PROVIDER_MIRROR;
  if (binary && binary !== terraform.path && path.basename(terraform.path) !== binary) return true;
  return mirror ? provider.source !== `mirror ${path.resolve(mirror)}` : provider.source.startsWith('mirror ');
}

async function holds(socket: string, references: readonly string[]): Promise<boolean> {
  const answers = await Promise.all(references.map((reference) => getFromEngine(socket, `/images/${reference}/json`)));
  return answers.every(({ status }) => status === 200);
}

/** The CLI configuration names the mirror; rejects when the mirror or the provider in it is gone. */
async function mirrorStands({ provider }: Resolved): Promise<void> {
  if (!provider.cliConfig) return;
  const [, quoted] = /^\s*path\s*=\s*(".*")$/m.exec(await readFile(provider.cliConfig, 'utf8')) ?? [];
  await Promise.any(mirrorFiles(JSON.parse(quoted ?? '""') as string).map((file) => access(file)));
}

import { chmod, copyFile, cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { built } from './cache.js';
import { run } from './command.js';
import { buildDebianBase } from './debian-base.js';
import { buildLlamaServer } from './llama-server.js';
import { buildOllama } from './ollama-build.js';
import { ollamaRecipe } from './ollama-versions.js';
import type { Workshop } from './workshop.js';

/** Name of an image that was built here; never the official one, because it holds no GPU code. */
export function builtReference(version: string): string {
  return `ollama-stacks/ollama:${version}-cpu`;
}

/** Settings of the image, those of the official one (Ollama's Dockerfile), with the HOME that a bare root file system lacks. */
export const imageSettings: readonly string[] = [
  'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'ENV HOME=/root',
  'ENV OLLAMA_HOST=0.0.0.0:11434',
  'ENV NVIDIA_VISIBLE_DEVICES=all',
  'ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility',
  'EXPOSE 11434',
  'ENTRYPOINT ["/usr/bin/ollama"]',
  'CMD ["serve"]',
];

/** What is run to bring the tar into an engine. */
export function importArguments(host: string, tar: string, version: string): string[] {
  const changes = imageSettings.flatMap((setting) => ['--change', setting]);
  return ['docker', '--host', host, 'import', ...changes, tar, builtReference(version)];
}

/**
 * The root file system of one Ollama version, built for this machine's CPU, or the one built before.
 * @returns path of the tar, and whether this call built it
 * @throws ToolchainProblem `image-unknown-version`
 */
async function buildRootfs(
  workshop: Workshop,
  version: string,
): Promise<{ readonly tar: string; readonly built: boolean }> {
  const recipe = ollamaRecipe(version);
  const work: Promise<string>[] = [buildDebianBase(workshop), buildOllama(workshop, version, recipe)];
  if (recipe.inference === 'llama-server') work.push(buildLlamaServer(workshop, recipe.llamaCpp));
  // all of them end before one fails, so that nothing goes on unseen behind an error
  await Promise.allSettled(work);
  const parts = await Promise.all(work);
  const key = {
    name: `image-${version}`,
    recipe: parts.map((part) => path.basename(path.dirname(part))),
  };
  const result = await built(workshop, key, async (into) => {
    workshop.progress('packing the image');
    await pack(workshop, into, parts);
  });
  return { tar: path.join(result.directory, 'rootfs.tar'), built: result.built };
}

async function pack(workshop: Workshop, into: string, [base, binary, libraries]: readonly string[]): Promise<void> {
  if (!base || !binary) throw new Error('an image needs a base and a binary');
  const stage = path.join(into, 'stage');
  await mkdir(path.join(stage, 'usr', 'bin'), { recursive: true });
  await mkdir(path.join(stage, 'usr', 'lib'), { recursive: true });
  await copyFile(binary, path.join(stage, 'usr', 'bin', 'ollama'));
  await chmod(path.join(stage, 'usr', 'bin', 'ollama'), 0o755);
  if (libraries)
    await cp(libraries, path.join(stage, 'usr', 'lib', 'ollama'), { recursive: true, verbatimSymlinks: true });
  const tar = path.join(into, 'rootfs.tar');
  await copyFile(base, tar);
  const files = libraries ? ['usr/bin/ollama', 'usr/lib/ollama'] : ['usr/bin/ollama'];
  await run(workshop, [
    'tar',
    '--append',
    '--file',
    tar,
    '--owner=0',
    '--group=0',
    '--mode=go-w',
    '--directory',
    stage,
    ...files,
  ]);
  await rm(stage, { recursive: true });
}

/**
 * Brings an Ollama version that was built (or builds it) into an engine; takes seconds when the cache holds it.
 * @param host Docker endpoint as `DOCKER_HOST` takes it
 * @returns the reference, and whether it was built by this call
 */
export async function importBuiltImage(
  workshop: Workshop,
  version: string,
  host: string,
): Promise<{ readonly reference: string; readonly built: boolean }> {
  const result = await buildRootfs(workshop, version);
  workshop.progress('importing the image');
  await run(workshop, importArguments(host, result.tar, version));
  return { reference: builtReference(version), built: result.built };
}

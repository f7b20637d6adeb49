import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { which } from 'zx';
import { installPackages } from './apt.js';
import { built } from './cache.js';
import { run } from './command.js';
import { ToolchainProblem } from './problem.js';
import type { Workshop } from './workshop.js';

/** What Ollama needs beside the C library: roots for model registries, and the C++ runtime. */
const included = ['ca-certificates', 'libstdc++6'] as const;
/** Nobody reads these inside a container. */
const excluded = ['doc', 'info', 'locale', 'man'] as const;

/** A line of apt's own list of package indexes, as we ask for it. */
const targetFormat = '$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)|$(SIGNED_BY)';

/**
 * The distribution's own sources out of `apt-get indextargets`, as one-line sources: third parties are left out, mirrors
 * that the machine uses are kept.
 * @param distribution `Debian` or `Ubuntu`
 */
export function distributionSources(targets: string, distribution: string): string[] {
  const lines = targets.split('\n').flatMap((line) => {
    const [origin, uri, codename, component, key = ''] = line.split('|');
    if (origin !== distribution) return [];
    const signed = key.startsWith('/') ? `[signed-by=${key}] ` : '';
    return [`deb ${signed}${uri} ${codename} ${component}`];
  });
  return [...new Set(lines)];
}

/** What a root file system is made of. */
export interface Contents {
  /** Packages, which bring what they need. */
  readonly packages: readonly string[];
  /** Empty directories by their numeric owner. */
  readonly directories?: Readonly<Record<string, number>>;
}

const ollamaBase: Contents = { packages: included };

/** What is run to make a root file system; the sources come on stdin. */
export function bootstrapArguments(suite: string, { packages, directories }: Contents, output: string): string[] {
  const without = excluded.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  const hooks = Object.entries(directories ?? {}).map(
    ([directory, id]) => `--customize-hook=install --directory --owner=${id} --group=${id} "$1${directory}"`,
  );
  const include = `--include=${packages.join(',')}`;
  return ['mmdebstrap', '--variant=essential', include, ...without, ...hooks, suite, output, '-'];
}

/**
 * The base of Ollama's image: a minimal root file system of this machine's own distribution and release, so that what is
 * compiled here runs in it.
 * @returns path of the tar
 * @throws ToolchainProblem `image-platform` on other systems than Debian and Ubuntu
 */
export async function buildDebianBase(workshop: Workshop): Promise<string> {
  const { suite } = await thisRelease();
  const key = { name: `base-${suite}`, recipe: bootstrapArguments(suite, ollamaBase, '') };
  const { directory } = await built(workshop, key, (into) =>
    bootstrap(workshop, ollamaBase, path.join(into, 'base.tar')),
  );
  return path.join(directory, 'base.tar');
}

/**
 * Writes a minimal root file system, of this machine's own distribution, release and mirrors.
 * @param output path of the tar
 * @throws ToolchainProblem `image-platform` on other systems than Debian and Ubuntu
 */
export async function bootstrap(workshop: Workshop, contents: Contents, output: string): Promise<void> {
  const { distribution, suite } = await thisRelease();
  if (!(await which('mmdebstrap', { nothrow: true, path: workshop.env.PATH ?? '' }))) {
    await installPackages(workshop, ['base'], 'the tool that makes the base of an image');
  }
  workshop.progress('making the base of the image');
  const targets = await run(workshop, ['apt-get', 'indextargets', '--format', targetFormat, 'Identifier: Packages']);
  const sources = distributionSources(targets, distribution);
  await run(workshop, bootstrapArguments(suite, contents, output), { input: `${sources.join('\n')}\n` });
}

/** The release that this machine runs. */
export async function thisRelease(): Promise<ReturnType<typeof hostRelease>> {
  return hostRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
}

/** Reads os-release(5). */
export function hostRelease(osRelease: string): { readonly distribution: string; readonly suite: string } {
  const value = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(osRelease)?.[1];
  const distribution = { debian: 'Debian', ubuntu: 'Ubuntu' }[value('ID') ?? ''];
  const suite = value('VERSION_CODENAME');
  if (distribution && suite) return { distribution, suite };
  throw new ToolchainProblem(
    'image-platform',
    'no registry answers, and an image is built on Debian or Ubuntu only',
    '`docker load` it from a machine that can pull it, or name the tar of an Ollama image in OLLAMA_STACKS_IMAGE_TAR',
  );
}

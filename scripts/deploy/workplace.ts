import { wantsDeviceGroups } from '../../manifest/device-groups.js';
import type { Manifest } from '../../manifest/manifest.js';
import type { Resolved } from '../../manifest/resolved.js';
import { terraformEnvironment } from '../../toolchain/terraform-environment.js';
import type { Screen } from '../report/screen.js';
import { Failure } from '../shell/problem.js';
import type { ProjectFile } from '../shell/project.js';
import type { Engine } from './engine.js';
import { imagesOf } from './declared-images.js';
import { ensureInitialized, forgetInitialization } from './initialization.js';
import { stackDirectory, synthesize } from './synthesis.js';
import { labelResources, type ResourceLabel, type SynthesizedStack } from './synthesized-stack.js';
import type { Terraform } from './terraform.js';

/** Everything that a verb which runs Terraform needs, made ready. */
export interface Workplace {
  readonly manifest: Manifest;
  readonly resolved: Resolved;
  readonly terraform: Terraform;
  readonly stack: SynthesizedStack;
  readonly labels: ReadonlyMap<string, ResourceLabel>;
}

/** What the toolchain settled on before, where all of it still stands. */
async function probed(manifest: Manifest): Promise<Resolved | undefined> {
  const { probe } = await import('../../toolchain/probe.js');
  const { images, optional } = imagesOf(manifest);
  return probe(process.cwd(), images, process.env, optional);
}

/** What the toolchain settled on, made ready where something is missing. */
export async function resolveToolchain(manifest: Manifest, screen: Screen, yes: boolean): Promise<Resolved> {
  const found = await probed(manifest);
  if (found) return withNodes(manifest, found);
  const { prepare } = await import('../../toolchain/prepare.js');
  const { SetUpReporter } = await import('../report/set-up-reporter.js');
  const { images, optional } = imagesOf(manifest);
  const prepared = await prepare({
    images,
    optionalImages: optional,
    cwd: process.cwd(),
    reporter: new SetUpReporter(screen, yes),
    interactive: yes || process.stdin.isTTY,
  });
  return withNodes(manifest, prepared);
}

/** With the groups of the engine's device nodes as they are now, where a server wants them. */
async function withNodes({ servers }: Manifest, resolved: Resolved): Promise<Resolved> {
  if (!wantsDeviceGroups(servers)) return resolved;
  const { withDeviceGroups } = await import('../../toolchain/device-groups.js');
  return withDeviceGroups(process.cwd(), resolved);
}

/** The Docker engine, asked where the docker client would find it; nothing but it has to be set up. */
export async function openEngine(): Promise<Engine> {
  const { endpoint } = await import('../../toolchain/endpoint.js');
  const { Engine } = await import('./engine.js');
  return new Engine((await endpoint(process.env)).host);
}

/**
 * The manifest with the real names of its containers (`locatedManifest`); without a gateway nobody is asked for them.
 * @throws Failure when the engine does not answer
 */
export async function located(manifest: Manifest): Promise<Manifest> {
  if (!manifest.gateway) return manifest;
  const { locatedManifest } = await import('./located-manifest.js');
  return locatedManifest(manifest, await openEngine());
}

/**
 * What the toolchain settled on, without making anything.
 * @throws Failure that says what is missing: the engine, or the set-up
 */
export async function requireToolchain(manifest: Manifest): Promise<Resolved> {
  const found = await probed(manifest);
  if (found) return withNodes(manifest, found);
  await (await openEngine()).info();
  const next = '`npm run up` sets up what is missing and deploys; `npm run doctor` says what is missing';
  throw new Failure([
    { code: 'not-set-up', message: 'Terraform, its provider or the image are not set up here yet', next },
  ]);
}

/** Synthesizes and initializes; nothing is done where the last run left it ready. */
export async function openWorkplace(project: ProjectFile, manifest: Manifest, resolved: Resolved): Promise<Workplace> {
  const stack = await synthesize(project, manifest, resolved);
  const env = { ...terraformEnvironment(resolved, process.env), OLLAMA_STACKS_PROGRESS: 'json' };
  const terraform = { path: resolved.terraform.path, directory: stackDirectory(manifest.project), env };
  await ensureInitialized(terraform, stack, resolved);
  return { manifest, resolved, terraform, stack, labels: labelResources(stack, manifest.project) };
}

/** Runs `work`; once more after `terraform init` when Terraform says that it wants one. */
export async function withInit<T>(workplace: Workplace, work: () => Promise<T>): Promise<T> {
  const { InitWanted } = await import('./apply.js');
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InitWanted)) throw error;
    await forgetInitialization(workplace.terraform);
    await ensureInitialized(workplace.terraform, workplace.stack, workplace.resolved);
    return work();
  }
}

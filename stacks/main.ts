import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { serversWithoutGroups } from '../manifest/device-groups.js';
import { formatDiagnostics } from '../manifest/diagnostics.js';
import { gatewayPlan, type GatewayPlan } from '../manifest/gateway-plan.js';
import { parseLock } from '../manifest/lock-text.js';
import { lockPathOf, type Lock } from '../manifest/lock.js';
import { loadPlans } from '../manifest/load-plans.js';
import { lockedContents } from '../manifest/locked-contents.js';
import type { Manifest } from '../manifest/manifest.js';
import { parseManifest } from '../manifest/parse.js';
import { placedManifest } from '../manifest/placement.js';
import type { Resolved } from '../manifest/resolved.js';
import { App } from './cdktf.js';
import { gatewayRevision } from './constructs/gateway-container.js';
import { gatewayPlanFile } from './constructs/gateway-data.js';
import { loadPlanFile } from './constructs/model-loader.js';
import { gatewaySources } from './gateway-sources.js';
import { OllamaStack } from './ollama-stack.js';
import { withoutTokenTraces } from './token-traces.js';

/** What the environment contributes to the Terraform JSON; every path is absolute. */
export interface SynthesisOptions {
  readonly manifest: Manifest;
  /** What the models resolved to; absent when they are not locked. */
  readonly lock?: Lock;
  /** The manifest's own path; relative GGUF paths are relative to its directory. */
  readonly manifestPath: string;
  /** The user's project, which holds the state file. */
  readonly projectDir: string;
  readonly outdir: string;
  /** The directory of this toolkit, which holds `bin/ollama-stacks.mjs`. */
  readonly toolkitDir: string;
  /** What the toolchain settled on; absent before it ran. */
  readonly resolved?: Pick<Resolved, 'engine' | 'images' | 'deviceGroups'>;
}

/**
 * Verb `synth`, also the `app` of cdktf.json: models.yaml -> Terraform JSON and load plans in cdktf.out.
 * Returns the exit code: 0, or 2 after printing what is wrong with the manifest or its lock.
 */
export async function main(argv: string[]): Promise<number> {
  const { file, profile, stop } = choices(argv);
  if (stop !== undefined) return stop;
  const text = readIfPresent(file);
  if (text === undefined) {
    console.error(`${file}: no such file; create it, or name another with --file or OLLAMA_STACKS_FILE`);
    return 2;
  }
  const readText = (path: string): string | undefined => readIfPossible(resolve(dirname(file), path));
  const { manifest, diagnostics } = parseManifest(text, { profile, env: process.env, readText });
  for (const line of formatDiagnostics(diagnostics, file)) console.error(line);
  const { lock, problem } = readLock(lockPathOf(file));
  if (problem !== undefined) console.error(problem);
  if (manifest === undefined || problem !== undefined) return 2;
  const resolved = readResolved(join('.toolchain', 'resolved.json'));
  for (const { name } of serversWithoutGroups(manifest.servers, resolved?.deviceGroups)) {
    // A warning only, so that what is deployed can be destroyed; `plan` and `up` refuse it.
    console.error(`${file} servers.${name}.gpu: warning ${groupsHint}`);
  }

  synthesize({
    manifest,
    lock,
    manifestPath: resolve(file),
    projectDir: process.cwd(),
    outdir: resolve(process.env.CDKTF_OUTDIR ?? 'cdktf.out'),
    toolkitDir: resolve(process.env.OLLAMA_STACKS_HOME ?? '.'),
    resolved,
  });
  return 0;
}

const groupsHint =
  'the groups of its device nodes are not known; write `groups`, or run `npm run setup` on the machine of the engine';

/** Writes `cdk.tf.json`, `load-<store>.json` and, for a gateway, `gateway.json`; returns the absolute directory that holds them. */
export function synthesize(options: SynthesisOptions): string {
  const { resolved, lock } = options;
  const manifest = placedManifest(options.manifest, lockedContents(options.manifest, lock));
  const stackDir = join(options.outdir, 'stacks', manifest.project);
  const root = relative(stackDir, dirname(options.manifestPath));
  const plans = loadPlans(manifest, root, lock);
  const images = deployedImages(resolved);
  const gateway = plannedGateway(manifest, root, images);
  mkdirSync(stackDir, { recursive: true });
  // Of cdktf's own validations one runs `terraform version`, and all are on or off together.
  const app = new App({ outdir: options.outdir, skipValidation: true, stackTraces: false });
  withoutTokenTraces(() => {
    const stack = new OllamaStack(app, {
      manifest,
      lock,
      loadPlans: plans,
      gateway,
      gatewaySources: gateway === undefined ? '' : gatewaySources(join(options.toolkitDir, 'gateway')),
      images,
      launcher: {
        path: relative(stackDir, join(options.toolkitDir, 'bin', 'ollama-stacks.mjs')),
        dockerHost: resolved?.engine.host,
      },
      deviceGroups: resolved?.deviceGroups,
      statePath: relative(stackDir, join(options.projectDir, `terraform.${manifest.project}.tfstate`)),
    });
    const mistakes = stack.node.validate();
    if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
    app.synth();
  });
  for (const plan of plans) writePlan(join(stackDir, loadPlanFile(plan.store)), plan);
  const gatewayFile = join(stackDir, gatewayPlanFile);
  if (gateway === undefined) rmSync(gatewayFile, { force: true });
  else writePlan(gatewayFile, gateway);
  return stackDir;
}

function writePlan(file: string, plan: unknown): void {
  writeFileSync(file, `${JSON.stringify(plan, undefined, 2)}\n`);
}

function digest(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function plannedGateway(
  manifest: Manifest,
  root: string,
  images: Readonly<Record<string, string>>,
): GatewayPlan | undefined {
  const declared = manifest.gateway?.image ?? '';
  const plan = gatewayPlan(manifest, { root, image: images[declared] ?? declared, digest });
  return plan && { ...plan, revision: gatewayRevision(plan) };
}

function deployedImages(resolved: SynthesisOptions['resolved']): Record<string, string> {
  const images = Object.entries(resolved?.images ?? {});
  return Object.fromEntries(images.map(([declared, { reference }]) => [declared, reference]));
}

const usage = `usage: ollama-stacks synth [--file models.yaml] [--profile NAME]
Writes the Terraform JSON and the load plans to cdktf.out, and stops there.`;

interface Choices {
  readonly file: string;
  readonly profile?: string;
  /** Exit code, when there is nothing more to do. */
  readonly stop?: number;
}

/** Flags win over the environment, which is all that cdktf-cli can pass on. */
function choices(argv: string[]): Choices {
  const file = process.env.OLLAMA_STACKS_FILE ?? 'models.yaml';
  const profile = process.env.OLLAMA_STACKS_PROFILE;
  try {
    const { values } = parseArgs({ args: argv, options: flags });
    if (values.help) console.log(usage);
    return { file: values.file ?? file, profile: values.profile ?? profile, stop: values.help ? 0 : undefined };
  } catch (error) {
    // parseArgs throws on nothing but wrong usage.
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return { file, stop: 2 };
  }
}

const flags = { file: { type: 'string' }, profile: { type: 'string' }, help: { type: 'boolean' } } as const;

function readResolved(path: string): Resolved | undefined {
  const text = readIfPresent(path);
  return text === undefined ? undefined : (JSON.parse(text) as Resolved);
}

function readLock(path: string): { readonly lock?: Lock; readonly problem?: string } {
  const text = readIfPresent(path);
  if (text === undefined) return {};
  const { lock, problem } = parseLock(text);
  if (problem === undefined) return { lock };
  const line = problem.line === undefined ? '' : `:${problem.line}`;
  return { problem: `${path}${line}: ${problem.message}; ${problem.hint}` };
}

/** Text of a file that the manifest names; undefined for one that cannot be read, which the parser reports. */
function readIfPossible(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

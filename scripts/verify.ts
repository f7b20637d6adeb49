import path from 'node:path';
import { loadPlans } from '../manifest/load-plans.js';
import { explained } from './deploy/load-problem.js';
import { locatedManifest } from './deploy/located-manifest.js';
import { openManifest } from './deploy/synthesis.js';
import { requireToolchain } from './deploy/workplace.js';
import { openScreen } from './report/screen.js';
import { style } from './report/style.js';
import { exitCode } from './shell/exit-code.js';
import { openLock, readProject } from './shell/project.js';
import { manifestFlags, runVerb } from './shell/verb.js';
import { checkJson, nextStep, openFindings, type StoreCheck } from './verify/store-check.js';
import { StoreVerification } from './verify/store-verification.js';

const verb = {
  name: 'verify',
  summary: 'Reads every blob of the stores and compares it with its digest; exits 1 when something is bad.',
  flags: {
    ...manifestFlags,
    repair: { type: 'boolean', help: 'fetch the bad blobs again, and nothing else' },
    json: { type: 'boolean', help: 'print what was found as JSON' },
  },
} as const;

interface Flags {
  readonly file?: string | undefined;
  readonly profile?: string | undefined;
  readonly repair: boolean;
  readonly json: boolean;
}

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, async (flags) => {
    const interruption = new AbortController();
    const interrupt = (): void => interruption.abort();
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    try {
      return await explained(() => verify(flags, interruption.signal));
    } catch (error) {
      if (interruption.signal.aborted) return exitCode.interrupted;
      throw error;
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    }
  });
}

async function verify(flags: Flags, signal: AbortSignal): Promise<number> {
  const project = await readProject(flags);
  const declared = await openManifest(project);
  const resolved = await requireToolchain(declared);
  const { Engine } = await import('./deploy/engine.js');
  const manifest = await locatedManifest(declared, new Engine(resolved.engine.host));
  const root = path.dirname(path.resolve(project.file));
  const screen = openScreen(flags.json);
  const checks: StoreCheck[] = [];
  for (const plan of loadPlans(manifest, root, openLock(project))) {
    checks.push(await new StoreVerification(plan, manifest, resolved, screen, signal).run(flags.repair));
  }
  const next = nextStep(checks);
  if (next !== undefined) screen.print(`${style.bold('next')}       ${next}`);
  const sound = checks.every((check) => openFindings(check).length === 0);
  if (flags.json) {
    const value = { project: manifest.project, stores: checks.map(checkJson), sound, ...(next && { next }) };
    process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }
  return sound ? exitCode.fine : exitCode.failed;
}

import { writeFile } from 'node:fs/promises';
import type { Manifest } from '../manifest/manifest.js';
import { openScreen } from './report/screen.js';
import { exitCode } from './shell/exit-code.js';
import { UsageError } from './shell/problem.js';
import { openLock, readProject } from './shell/project.js';
import { manifestFlags, runVerb, type Values } from './shell/verb.js';
import type { DoorTarget } from './smoke/door.js';
import type { SmokeTarget } from './smoke/check.js';
import { smokeOnScreen, smokeRow, smokeTable } from './smoke/smoke-report.js';
import { manifestTargets } from './smoke/smoke-run.js';

const verb = {
  name: 'smoke',
  summary:
    'Proves that every declared model answers, and that the gateway is closed to who has no key; with --url, that the models of any Ollama server do.',
  flags: {
    ...manifestFlags,
    url: { type: 'string', value: 'URL', help: 'test this server instead of those of the manifest' },
    model: { type: 'string', value: 'NAME', help: 'test only this model' },
    json: { type: 'boolean', help: 'print the results as JSON' },
    junit: { type: 'string', value: 'FILE', help: 'also write the results as JUnit XML' },
  },
} as const;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, async (flags) => {
    const { targets, door } =
      flags.url === undefined
        ? await declaredTargets(flags)
        : { targets: [await foundTarget(flags.url, flags.model)], door: undefined };
    const screen = openScreen(flags.json);
    const start = performance.now();
    const results = await smokeOnScreen(targets, screen, door);
    if (flags.junit !== undefined)
      await writeFile(flags.junit, (await import('./smoke/junit.js')).junitReport(results));
    if (flags.json) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
    screen.print(smokeTable(results));
    screen.print(smokeRow(results, performance.now() - start));
    return results.every(({ status }) => status === 'passed') ? exitCode.fine : exitCode.failed;
  });
}

interface Targets {
  readonly targets: SmokeTarget[];
  readonly door: DoorTarget | undefined;
}

async function declaredTargets(flags: Values<typeof verb.flags>): Promise<Targets> {
  const { openManifest } = await import('./deploy/synthesis.js');
  const { located } = await import('./deploy/workplace.js');
  const project = await readProject(flags);
  const manifest = await openManifest(project);
  const targets = manifestTargets(await located(manifest), openLock(project));
  if (flags.model === undefined) return { targets, door: await doorOf(manifest) };
  const { modelNameKey } = await import('../manifest/model-ref.js');
  const wanted = modelNameKey(flags.model);
  const chosen = targets
    .map((target) => ({ ...target, models: target.models.filter(({ name }) => modelNameKey(name) === wanted) }))
    .filter(({ models }) => models.length > 0);
  if (chosen.length > 0) return { targets: chosen, door: await doorOf(manifest, chosen[0]?.models[0]?.name) };
  const names = manifest.models.map(({ name }) => name).join(', ');
  throw new UsageError(`no server offers the model ${flags.model}`, `the manifest declares ${names || 'no models'}`);
}

async function doorOf(manifest: Manifest, model?: string): Promise<DoorTarget | undefined> {
  return manifest.gateway && (await import('./smoke/door-run.js')).doorTarget(manifest, model);
}

/** A server that is named by its address: its own list says which models to test. */
async function foundTarget(text: string, model: string | undefined): Promise<SmokeTarget> {
  const url = parseServerUrl(text);
  if (model !== undefined) return { name: url, url, models: [{ name: model, expect: [] }] };
  const { OllamaServer } = await import('../ollama/server.js');
  // A server that does not answer is told by the check of its version.
  const found = await new OllamaServer(url).tags().catch(() => []);
  return { name: url, url, models: found.map(({ name }) => ({ name, expect: [] })) };
}

function parseServerUrl(text: string): string {
  const whole = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new UsageError(`--url ${text} is no address of a server`, 'write it like http://127.0.0.1:11434');
  }
  return url.href.replace(/\/$/, '');
}

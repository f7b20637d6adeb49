import path from 'node:path';
import { formatLock, sizeOf } from '../manifest/lock-text.js';
import { lockState, type LockState } from '../manifest/lock-state.js';
import { lockPathOf, type Lock } from '../manifest/lock.js';
import { ggufCache } from '../ollama/gguf-cache.js';
import { RegistryClient } from '../ollama/registry-client.js';
import { openDeclaredModels, type DeclaredModels } from './lock/declared-models.js';
import { lockChanges, type LockChange } from './lock/lock-change.js';
import { writeLock } from './lock/lock-file.js';
import { updatedNames } from './lock/lock-updates.js';
import { lockWarnings } from './lock/lock-warnings.js';
import { relocked, resolveAll, toResolve, type Resolutions } from './lock/relocking.js';
import { lockRow, lockSummary } from './report/lock-report.js';
import { row } from './report/row.js';
import { openScreen, type Screen } from './report/screen.js';
import { style } from './report/style.js';
import { exitCode } from './shell/exit-code.js';
import { Failure } from './shell/problem.js';
import { openLock, readProject, type ProjectFile } from './shell/project.js';
import { manifestFlags, runVerb, type Values } from './shell/verb.js';

const verb = {
  name: 'lock',
  summary:
    'Resolves every model that the lock does not pin yet, without pulling it, and writes models.lock.json beside the manifest.',
  flags: {
    ...manifestFlags,
    update: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: 'resolve this model again, also when it is pinned; a list has commas',
    },
    'update-all': { type: 'boolean', help: 'resolve every model again' },
    check: {
      type: 'boolean',
      help: 'ask nobody and write nothing; exits 3 when the lock is not what the manifest asks for',
    },
    'dry-run': { type: 'boolean', help: 'write nothing' },
    json: { type: 'boolean', help: 'print what changed as JSON' },
  },
} as const;

type Flags = Values<typeof verb.flags>;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, lock);
}

async function lock(flags: Flags): Promise<number> {
  const project = await readProject(flags);
  const before = openLock(project) ?? { models: {} };
  const declared = await openDeclaredModels(project);
  const updates = updatedNames(declared.models, flags);
  const state = lockState(declared.models, declared.declarations, before);
  const kept = declared.unknown.length > 0 ? { ...state, unused: [] } : state;
  if (flags.check) return check(project, before, kept, flags);
  const screen = openScreen(flags.json);
  const { entries, failures } = await resolveWanted(
    project,
    before,
    declared,
    toResolve(declared, state, updates),
    screen,
  );
  if (failures.length > 0) throw notLocked(project, failures);
  const after = relocked(before, declared, state, entries, declared.unknown.length > 0);
  const text = formatLock(after);
  const differs = text !== (project.lock ?? formatLock({ models: {} }));
  if (differs && !flags['dry-run']) await writeLock(lockPathOf(project.file), text);
  const outcome = !differs ? 'is up to date' : flags['dry-run'] ? 'would be written' : 'written';
  const warnings = lockWarnings(declared, entries);
  report(lockChanges(before, after), { file: lockPathOf(project.file), after, outcome, warnings }, screen, flags);
  return exitCode.fine;
}

async function resolveWanted(
  project: ProjectFile,
  before: Lock,
  declared: DeclaredModels,
  names: ReadonlySet<string>,
  screen: Screen,
): Promise<Resolutions> {
  const models = declared.models.filter(({ name }) => names.has(name));
  const { registries, mirror, byKey } = declared;
  const { signal } = new AbortController();
  const reader = new RegistryClient({ registries, env: process.env, ...(mirror !== undefined && { mirror }) }, signal);
  const place = { root: path.dirname(path.resolve(project.file)), cache: ggufCache(), signal };
  const pinned = (name: string): Lock['models'][string] | undefined =>
    names.has(name) ? undefined : before.models[name];
  try {
    const context = { reader, declared: byKey, ...place, pinned, answers: new Map() };
    return await resolveAll(models, context, (done, current) =>
      screen.live(
        current.length === 0 ? [] : [`resolving ${done} of ${models.length}   ${style.dim(current.join(', '))}`],
      ),
    );
  } finally {
    await reader.close();
  }
}

function notLocked({ file }: ProjectFile, failures: Resolutions['failures']): Failure {
  const each = failures.map(({ error: { message, hint } }) => ({
    code: 'not-locked',
    message,
    ...(hint && { next: hint }),
  }));
  const message = `${lockPathOf(file)} is not written: ${failures.length} of its models cannot be locked`;
  return new Failure([...each, { code: 'lock-not-written', message }]);
}

function check({ file, lock: text }: ProjectFile, before: Lock, state: LockState, { json }: Flags): number {
  const { missing, stale, unused } = state;
  const changed = text !== undefined && text !== formatLock(before);
  const fine = missing.length + stale.length + unused.length === 0 && !changed;
  if (json) process.stdout.write(`${JSON.stringify({ missing, stale, unused, formatted: !changed }, undefined, 2)}\n`);
  else {
    const rows = [
      ...missing.map((name) => row('missing', name, 'declared and not locked')),
      ...stale.map((name) => row('stale', name, 'declared otherwise than when it was locked')),
      ...unused.map((name) => row('unused', name, 'locked and not declared')),
      fine ? `${lockPathOf(file)} fits the manifest` : `${lockPathOf(file)} does not fit; \`npm run lock\` writes it`,
    ];
    process.stdout.write(`${rows.join('\n')}\n`);
  }
  return fine ? exitCode.fine : exitCode.wouldChange;
}

interface Outcome {
  readonly file: string;
  readonly after: Lock;
  readonly outcome: string;
  readonly warnings: readonly string[];
}

function report(
  changes: readonly LockChange[],
  { file, after, outcome, warnings }: Outcome,
  screen: Screen,
  { json }: Flags,
): void {
  screen.live([]);
  const models = Object.values(after.models);
  if (json) {
    const rows = changes.map(({ name, kind, before, after: now }) => ({
      name,
      kind,
      before: facts(before),
      after: facts(now),
    }));
    process.stdout.write(`${JSON.stringify({ file, outcome, models: rows, warnings }, undefined, 2)}\n`);
    return;
  }
  for (const change of changes) screen.print(lockRow(change));
  for (const warning of warnings) process.stderr.write(`${style.yellow('warning')}  ${warning}\n`);
  screen.print(`${file} ${outcome}: ${lockSummary(models)}`);
}

function facts(model: LockChange['before']): object | undefined {
  return model && { source: model.source, digest: model.digest, size: sizeOf(model.layers), ...model.facts };
}

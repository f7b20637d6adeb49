import type { PlannedModel } from '../manifest/load-plan.js';
import { formatBytes } from '../manifest/units.js';
import { askedModels, movedModels, type MovedModel } from '../ollama/lock-drift.js';
import { RegistryClient } from '../ollama/registry-client.js';
import { openDeclaredModels } from './lock/declared-models.js';
import { shortened, sizeChange } from './report/lock-report.js';
import { style } from './report/style.js';
import { table } from './report/table.js';
import { exitCode } from './shell/exit-code.js';
import { Failure } from './shell/problem.js';
import { openLock, readProject } from './shell/project.js';
import { manifestFlags, runVerb, type Values } from './shell/verb.js';

const verb = {
  name: 'outdated',
  summary:
    'Asks the registries which locked tags mean another model by now; exits 3 when one does, 1 when one cannot be asked.',
  flags: { ...manifestFlags, json: { type: 'boolean', help: 'print the answers as JSON' } },
} as const;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, outdated);
}

async function outdated(flags: Values<typeof verb.flags>): Promise<number> {
  const project = await readProject(flags);
  const lock = openLock(project);
  if (lock === undefined)
    throw new Failure([{ code: 'no-lock', message: 'nothing is locked yet', next: 'run `npm run lock`' }]);
  const { models, registries, mirror } = await openDeclaredModels(project);
  const planned = models.map((model): PlannedModel => {
    const locked = Object.hasOwn(lock.models, model.name) ? lock.models[model.name] : undefined;
    return { ...model, ...(locked && { locked }) };
  });
  const reader = new RegistryClient({ registries, env: process.env, ...(mirror !== undefined && { mirror }) });
  try {
    return report(await movedModels(planned, reader), askedModels(planned).length, flags.json);
  } finally {
    await reader.close();
  }
}

function report(moved: readonly MovedModel[], asked: number, json: boolean): number {
  if (json) process.stdout.write(`${JSON.stringify({ asked, moved: moved.map(asJson) }, undefined, 2)}\n`);
  else process.stdout.write(textOf(moved, asked));
  if (moved.some(({ error }) => error !== undefined)) return exitCode.failed;
  return moved.length === 0 ? exitCode.fine : exitCode.wouldChange;
}

function textOf(moved: readonly MovedModel[], asked: number): string {
  if (asked === 0) return 'no model is locked to a registry\n';
  if (moved.length === 0) return `every locked tag means what it meant (asked for ${asked})\n`;
  const rows = moved.map(({ name, locked, now }) => [
    name,
    shortened(locked.digest),
    now === undefined ? 'no answer' : shortened(now.digest),
    now === undefined ? '' : `${formatBytes(now.bytes)}${sizeChange(locked.bytes, now.bytes)}`,
  ]);
  const errors = moved.flatMap(({ name, error }) =>
    error === undefined ? [] : [`${style.red('!')} ${name}: ${error.message}\n  ${error.hint ?? ''}\n`],
  );
  const names = moved.flatMap(({ name, now }) => (now === undefined ? [] : [name]));
  const next = names.length === 0 ? '' : `\`npm run lock -- --update ${names.slice(0, 3).join(',')}\` accepts a move\n`;
  return `${table(['model', 'locked', 'registry now', 'size'], rows)}${errors.join('')}${next}`;
}

function asJson({ error, ...moved }: MovedModel): object {
  return error === undefined ? moved : { ...moved, error: { message: error.message, next: error.hint } };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../manifest/units.js';
import { Interruption } from './deploy/interruption.js';
import { projectPlans } from './deploy/project-plans.js';
import { openManifest } from './deploy/synthesis.js';
import { openEngine } from './deploy/workplace.js';
import { exitCode } from './shell/exit-code.js';
import { UsageError } from './shell/problem.js';
import { openLock, readProject } from './shell/project.js';
import { manifestFlags, runVerb, type Values } from './shell/verb.js';
import { WatchRounds } from './watch/watch-rounds.js';
import { watchPrinter } from './watch/watch-report.js';
import { restartPolicy } from './watch/watch-state.js';

const verb = {
  name: 'watch',
  summary:
    'Looks again and again whether the servers answer, have their models, and still use their GPUs, and whether the gateway answers; prints what changes, until Ctrl-C.',
  flags: {
    ...manifestFlags,
    interval: { type: 'string', value: 'TIME', help: 'between two looks, such as 30s or 5m (default: 60s)' },
    once: { type: 'boolean', help: 'look once; exit 1 when something is wrong' },
    load: {
      type: 'boolean',
      help: 'load the smallest model where none is in memory: only a load shows that a GPU is still there',
    },
    restart: {
      type: 'boolean',
      help: 'restart the container of a server that lost its GPU, at most once in 10 minutes',
    },
    json: { type: 'boolean', help: 'print one line of JSON for each look and server' },
  },
} as const;

/** Shorter ones would do little else than look. */
const shortestInterval = 100;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, watch);
}

async function watch(flags: Values<typeof verb.flags>): Promise<number> {
  const interval = intervalOf(flags.interval);
  const file = await readProject(flags);
  const manifest = await openManifest(file);
  const [plans, engine] = await Promise.all([projectPlans(file, manifest), openEngine()]);
  const project = { manifest, plans, lock: openLock(file), engine, load: flags.load };
  const policy = { ...restartPolicy, allowed: flags.restart };
  const stop = new AbortController();
  const interruption = new Interruption(() => stop.abort());
  const rounds = new WatchRounds(project, policy, watchPrinter(flags.json), stop.signal);
  try {
    for (;;) {
      const allIsWell = await rounds.next();
      if (interruption.asked) return exitCode.interrupted;
      if (flags.once) return allIsWell ? exitCode.fine : exitCode.failed;
      await sleep(interval, undefined, { signal: stop.signal }).catch(() => undefined);
      if (interruption.asked) return exitCode.interrupted;
    }
  } finally {
    interruption.end();
  }
}

/** Milliseconds between two looks. */
export function intervalOf(text = '60s'): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < shortestInterval)
    throw new UsageError(`--interval wants a time such as 30s or 5m, got ${text}`);
  return ms;
}

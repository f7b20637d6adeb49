import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration, parseDuration } from '../manifest/units.js';
import { type DeploymentStatus, StatusWatch } from './deploy/deployment-status.js';
import { explained } from './deploy/load-problem.js';
import { projectPlans } from './deploy/project-plans.js';
import { openManifest } from './deploy/synthesis.js';
import { openEngine } from './deploy/workplace.js';
import { gatewayLine, gatewayTroubles } from './report/gateway-lines.js';
import { row } from './report/row.js';
import { openScreen, type Screen } from './report/screen.js';
import { serverTroubles } from './report/server-status.js';
import { signalsText, statusTable } from './report/status-table.js';
import { style } from './report/style.js';
import { exitCode } from './shell/exit-code.js';
import { UsageError } from './shell/problem.js';
import { readProject } from './shell/project.js';
import { manifestFlags, runVerb, type Values } from './shell/verb.js';

const verb = {
  name: 'status',
  summary:
    'Shows the servers, their models and the gateway: whether they are up, and whether the manifest is satisfied; exits 1 when either is not.',
  flags: {
    ...manifestFlags,
    wait: { type: 'boolean', help: 'wait until both hold' },
    timeout: { type: 'string', value: 'TIME', help: 'how long to wait at most, such as 90s or 5m (default: 5m)' },
    json: { type: 'boolean', help: 'print the status as JSON' },
  },
} as const;

/** Between two looks at what is waited for. */
const pollMs = 250;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, status);
}

async function status(flags: Values<typeof verb.flags>): Promise<number> {
  const patience = patienceOf(flags);
  const project = await readProject(flags);
  const manifest = await openManifest(project);
  const watch = new StatusWatch(manifest, await projectPlans(project, manifest), await openEngine());
  const found = await explained(() => waitUntilReady(watch, patience, openScreen(flags.json)));
  const troubles = troublesOf(found);
  const { project: name, up, satisfied, servers, gateway } = found;
  if (flags.json)
    process.stdout.write(
      `${JSON.stringify({ project: name, up, satisfied, servers, ...(gateway && { gateway }), troubles }, undefined, 2)}\n`,
    );
  else {
    process.stdout.write(`${statusTable(servers)}\n${gateway ? gatewayLine(gateway) : ''}${signalsText(found)}`);
    for (const trouble of troubles) process.stdout.write(`${style.red('!')} ${trouble}\n`);
  }
  if (isReady(found)) return exitCode.fine;
  if (patience > 0) process.stderr.write(`${style.red('error')}    not ready within ${formatDuration(patience)}\n`);
  return exitCode.failed;
}

/** How long to wait, in milliseconds; 0 without `--wait`. */
export function patienceOf({
  wait,
  timeout,
}: {
  readonly wait: boolean;
  readonly timeout?: string | undefined;
}): number {
  if (timeout !== undefined && !wait) throw new UsageError('--timeout says how long to wait, so it wants --wait');
  const ms = parseDuration(timeout ?? '5m');
  if (ms === undefined || ms <= 0) throw new UsageError(`--timeout wants a time such as 90s or 5m, got ${timeout}`);
  return wait ? ms : 0;
}

const isReady = ({ up, satisfied }: DeploymentStatus): boolean => up && satisfied;

/** The first status that is ready, or the last one before the time is over. */
async function waitUntilReady(watch: StatusWatch, patience: number, screen: Screen): Promise<DeploymentStatus> {
  const start = performance.now();
  let told = '';
  for (;;) {
    const found = await watch.look();
    const elapsed = performance.now() - start;
    if (isReady(found) || elapsed >= patience) {
      screen.live([]);
      return found;
    }
    const waitingFor = waitingText(found);
    screen.live([row('waiting', waitingFor, '', elapsed)]);
    if (!screen.redraws && waitingFor !== told) screen.print(row('waiting', waitingFor, ''));
    told = waitingFor;
    await sleep(Math.min(pollMs, Math.max(0, patience - elapsed)));
  }
}

const troublesOf = ({ servers, gateway }: DeploymentStatus): string[] => [
  ...servers.flatMap(serverTroubles),
  ...(gateway ? gatewayTroubles(gateway) : []),
];

/** What is waited for: the servers first, then what they lack. */
export function waitingText(found: DeploymentStatus): string {
  const [first = '', ...others] = troublesOf(found).map((trouble) => trouble.replace(/; npm run .*$/, ''));
  return others.length > 0 ? `${first}, and ${others.length} more` : first;
}

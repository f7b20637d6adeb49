import type { Lock } from '../../manifest/lock.js';
import type { Manifest } from '../../manifest/manifest.js';
import { row } from '../report/row.js';
import type { Screen } from '../report/screen.js';
import { style } from '../report/style.js';
import { table } from '../report/table.js';
import type { CheckResult, SmokeTarget } from './check.js';
import type { DoorTarget } from './door.js';
import type { Advice } from './gpu-advice.js';
import { manifestTargets, smoke } from './smoke-run.js';

/** Tests targets, then the gateway in front of them, and shows, while it goes on, which check is the latest. */
export async function smokeOnScreen(
  targets: readonly SmokeTarget[],
  screen: Screen,
  door?: DoorTarget,
): Promise<CheckResult[]> {
  let done = 0;
  screen.live([row('smoke', '…', '')]);
  const onResult = ({ name, model, server }: CheckResult): void => {
    done += 1;
    screen.live([row('smoke', `${done} done`, `${model ?? server} ${name}`)]);
  };
  const results = await smoke(targets, onResult);
  if (door) results.push(...(await (await import('./door-run.js')).smokeDoor(door, onResult)));
  screen.live([]);
  return results;
}

/** Tests what was just deployed: one line when all is well, else what failed. `lock` tells the sizes of models. */
export async function smokeDeployment(manifest: Manifest, screen: Screen, lock?: Lock): Promise<CheckResult[]> {
  const start = performance.now();
  const door = manifest.gateway && (await (await import('./door-run.js')).doorTarget(manifest));
  const results = await smokeOnScreen(manifestTargets(manifest, lock), screen, door);
  screen.print(smokeRow(results, performance.now() - start));
  const failed = results.filter(({ status }) => status === 'failed');
  if (failed.length > 0) screen.print(smokeTable(failed));
  return results;
}

/** `smoke      9 passed                   every model answers   1.4 s`. */
export function smokeRow(results: readonly CheckResult[], ms: number): string {
  const failed = results.filter(({ status }) => status === 'failed').length;
  const passed = `${results.length - failed} passed`;
  if (failed === 0) return row('smoke', passed, style.green('every model answers'), ms);
  return row('smoke', `${passed}, ${failed} failed`, style.red('not all is well'), ms);
}

/** One line a check, then what may be behind the failures. */
export function smokeTable(results: readonly CheckResult[]): string {
  const advice = results.flatMap((result) => (result.advice ?? []).map((one) => ({ server: result.server, ...one })));
  return `${checkTable(results)}${adviceText(advice)}`;
}

/** What may be behind a failure of a server and what mends it; each thing once, the likeliest first. */
function adviceText(advice: readonly (Advice & { readonly server: string })[]): string {
  const lines = advice.flatMap(({ server, cause, remedy }) => [
    `${style.bold('likely')}   server ${server}: ${cause}\n${style.bold('next')}     ${remedy}\n`,
  ]);
  return lines.length > 0 ? `\n${[...new Set(lines)].join('')}` : '';
}

function checkTable(results: readonly CheckResult[]): string {
  return table(
    ['result', 'server', 'model', 'check', 'ms', 'seen'],
    results.map(({ status, server, model = '', name, ms, message }) => [
      status === 'passed' ? style.green('passed') : style.red('failed'),
      server,
      model,
      name,
      String(ms),
      message,
    ]),
  );
}

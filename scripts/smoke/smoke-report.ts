import type { Manifest } from '../../manifest/manifest.js';
import { row } from '../report/row.js';
import type { Screen } from '../report/screen.js';
import { style } from '../report/style.js';
import { table } from '../report/table.js';
import type { CheckResult, SmokeTarget } from './check.js';
import { manifestTargets, smoke } from './smoke-run.js';

/** Tests targets and shows, while it goes on, which check is the latest. */
export async function smokeOnScreen(targets: readonly SmokeTarget[], screen: Screen): Promise<CheckResult[]> {
  let done = 0;
  screen.live([row('smoke', '…', '')]);
  const results = await smoke(targets, ({ name, model, server }) => {
    done += 1;
    screen.live([row('smoke', `${done} done`, `${model ?? server} ${name}`)]);
  });
  screen.live([]);
  return results;
}

/** Tests what was just deployed: one line when all is well, else what failed. */
export async function smokeDeployment(manifest: Manifest, screen: Screen): Promise<CheckResult[]> {
  const start = performance.now();
  const results = await smokeOnScreen(manifestTargets(manifest), screen);
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

/** One line a check. */
export function smokeTable(results: readonly CheckResult[]): string {
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

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { interrupted, run } from '../../toolchain/command.js';
import { temporaryWorkshop } from './workshop-fixture.js';

it('returns stdout, hands on every line and keeps them in a log', async () => {
  await using workshop = await temporaryWorkshop();
  const lines: string[] = [];
  const stdout = await run(workshop, ['sh', '-c', 'cat; echo loud >&2'], {
    input: 'one\ntwo\n',
    onLine: (line) => lines.push(line),
  });
  expect(stdout).toBe('one\ntwo');
  expect(lines.toSorted()).toEqual(['loud', 'one', 'two']);
  expect(await readFile(path.join(workshop.cache, 'logs', 'sh.log'), 'utf8')).toContain('loud');
});

it('a failure says what it was and shows the last lines', async () => {
  await using workshop = await temporaryWorkshop();
  await expect(run(workshop, ['sh', '-c', 'seq 40; exit 3'])).rejects.toMatchObject({
    code: 'command-failed',
    message: 'sh -c seq 40; exit 3 ended with 3',
    next: expect.stringContaining('sh.log'),
    original: expect.stringMatching(/^26\n.*\n40$/s),
  });
});

it('an abort ends the processes below it as well', async () => {
  const controller = new AbortController();
  await using workshop = await temporaryWorkshop({ signal: controller.signal });
  let below = '';
  const running = run(workshop, ['sh', '-c', 'sleep 60 & echo $!; wait'], {
    onLine: (line) => {
      below = line;
      controller.abort(interrupted());
    },
  });
  await expect(running).rejects.toMatchObject({ code: 'interrupted', next: 'run it again: what was finished is kept' });
  await expect.poll(() => isRunning(below)).toBe(false);
});

/** A killed process that nobody has waited for yet is still listed, as a zombie. */
async function isRunning(pid: string): Promise<boolean> {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'Z')).includes(' Z ');
}

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { loadDoor, residentBytes } from '../support/loaded-door.js';
import { readStream, timeRequest } from '../support/stream-client.js';

const warmUp = 20_000;
const soak = 60_000;
/** Readers of whole streams, of streams that they leave, and askers for small answers, also with large bodies, all the time. */
const clients = { whole: 40, leaving: 20, small: 4, large: 2 };
/** What the allocator may keep back after the warm-up; a leak of 100 bytes a chunk would be 30 MB in this time. */
const allowance = 4 * 1024 * 1024;

const script = { first: 0, every: 10, chunks: 100 };

it('holds no more memory after 60 seconds of full load, and no stream is lost', { timeout: 180_000 }, async () => {
  await using load = await loadDoor();
  const ids = await load.processes();
  const resident = async (): Promise<number[]> => Promise.all(ids.map(residentBytes));
  const idle = await resident();
  const end = performance.now() + warmUp + soak;
  const counts = { whole: 0, left: 0, small: 0, large: 0, broken: 0 };
  const until = async (work: () => Promise<void>): Promise<void> => {
    while (performance.now() < end) await work();
  };
  const whole = async (): Promise<void> => {
    const seen = await readStream(load.gateway, 'ndjson', script).catch(() => undefined);
    counts[seen?.whole && seen.lags.length === script.chunks ? 'whole' : 'broken'] += 1;
  };
  const leaving = async (): Promise<void> => {
    const signal = AbortSignal.timeout(20 + ((counts.left * 37) % 300));
    await readStream(load.gateway, 'sse', { ...script, chunks: 10_000 }, signal).catch(() => (counts.left += 1));
  };
  const small = async (): Promise<void> => {
    await timeRequest(load.gateway);
    counts.small += 1;
  };
  const large = async (): Promise<void> => {
    await timeRequest(load.gateway, 'x'.repeat(500_000));
    counts.large += 1;
  };
  const work = Object.entries(clients).flatMap(([kind, number]) =>
    Array.from({ length: number }, () => until({ whole, leaving, small, large }[kind as keyof typeof clients])),
  );
  const [before] = await Promise.all([sleep(warmUp).then(resident), ...work]);
  const after = await resident();
  process.stdout.write(`\n${JSON.stringify({ counts, idle, before, after })}\n`);
  expect(counts.broken).toBe(0);
  expect(Math.min(counts.whole, counts.left, counts.small, counts.large)).toBeGreaterThan(200);
  expect(await load.processes()).toEqual(ids);
  for (const [index, bytes] of after.entries()) expect(bytes - (before[index] ?? 0)).toBeLessThan(allowance);
});

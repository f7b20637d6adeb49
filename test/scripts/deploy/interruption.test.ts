import { afterEach, expect, it, vi } from 'vitest';
import { Interruption } from '../../../scripts/deploy/interruption.js';

let interruption: Interruption;
afterEach(() => interruption.end());

it.each([
  ['one Ctrl-C', [0], [1]],
  ['one Ctrl-C that npm forwards once more', [0, 20], [1]],
  ['a second Ctrl-C', [0, 20, 1500], [1, 2]],
])('%s', (_case, times, wishes) => {
  const onWish = vi.fn<(count: number) => void>();
  let now = 0;
  interruption = new Interruption(onWish, () => now);
  expect(interruption.asked).toBe(false);
  for (const time of times) {
    now = time;
    process.emit('SIGINT');
  }
  expect(onWish.mock.calls.flat()).toEqual(wishes);
  expect(interruption.asked).toBe(true);
});

it('gives the signals back', () => {
  const before = process.listenerCount('SIGINT');
  interruption = new Interruption(() => {});
  expect(process.listenerCount('SIGINT')).toBe(before + 1);
  interruption.end();
  expect(process.listenerCount('SIGINT')).toBe(before);
});

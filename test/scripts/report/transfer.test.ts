import { expect, it } from 'vitest';
import { advance, formatTransfer, type Transfer } from '../../../scripts/report/transfer.js';

const follow = (...samples: [at: number, completed: number][]): Transfer =>
  samples.reduce<Transfer | undefined>((before, [at, completed]) => advance(before, completed, 100e6, at), undefined)!;

it.each<[string, [number, number][], string]>([
  ['the first report', [[0, 0]], '0 B of 100 MB'],
  [
    'too soon for a rate',
    [
      [0, 0],
      [500, 5e6],
    ],
    '5 MB of 100 MB',
  ],
  [
    'a steady rate',
    [
      [0, 0],
      [2000, 20e6],
    ],
    '20 MB of 100 MB   10 MB/s   8.0 s left',
  ],
  [
    'the recent rate counts',
    [
      [0, 0],
      [4000, 4e6],
      [6000, 44e6],
    ],
    '44 MB of 100 MB   20 MB/s   2.8 s left',
  ],
  [
    'the end',
    [
      [0, 0],
      [2000, 100e6],
    ],
    '100 MB of 100 MB   50 MB/s',
  ],
  [
    'another layer starts anew',
    [
      [0, 0],
      [2000, 20e6],
      [2100, 1e6],
    ],
    '1 MB of 100 MB',
  ],
])('%s', (_case, samples, text) => {
  expect(formatTransfer(follow(...samples))).toBe(text);
});

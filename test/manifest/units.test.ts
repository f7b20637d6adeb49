import { expect, it } from 'vitest';
import { formatBytes, formatDuration, parseBytes, parseDuration } from '../../manifest/units.js';

it.each([
  ['0', 0],
  ['1048576', 1_048_576],
  ['512B', 512],
  ['500MB', 5e8],
  ['1.5 GB', 1.5e9],
  ['8GiB', 8 * 2 ** 30],
  ['2TiB', 2 * 2 ** 40],
  ['1.5KiB', 1536],
  ['8G', undefined],
  ['8gib', undefined],
  ['-1GB', undefined],
  ['NaN', undefined],
  ['', undefined],
  ['9007199254740993', undefined],
])('reads %j as %s bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [450_000, '450 KB'],
  [98_000_000, '98 MB'],
  [1_500_000_000, '1.5 GB'],
  [5_000_000_000, '5 GB'],
  [42_000_000_000_000, '42 TB'],
])('writes %d bytes as %j', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

it.each([
  ['30m', 1_800_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['100us', 0.1],
  ['300', 300_000],
  ['-1', -1000],
  ['-1m', -60_000],
  ['0', 0],
  ['30 m', undefined],
  ['1d', undefined],
  ['', undefined],
])('reads the duration %j as %s ms', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

it.each([
  [3, '3 ms'],
  [999.6, '1.0 s'],
  [3210, '3.2 s'],
  [59_960, '1m 0s'],
  [380_000, '6m 20s'],
])('writes %d ms as %j', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

import { expect, it } from 'vitest';
import { changed, report } from './base-manifest.js';

it.each<[name: string, from: string, to: string, line: string]>([
  [
    'a mistake in a profile',
    '{ memory: 4GiB }',
    '{ memry: 4GiB }',
    '23:15 profiles.ci.servers.main.memry: unknown key; did you mean "memory"?',
  ],
  [
    'a type in a profile',
    '{ memory: 4GiB }',
    '{ cpus: many }',
    '23:21 profiles.ci.servers.main.cpus: must be a number, got "many"',
  ],
  [
    'a profile that is a list',
    'ci:\n    servers:\n      main: { memory: 4GiB }\n      big: null',
    'ci: [a]',
    '21:3 profiles.ci: must be a map of what differs',
  ],
])('%s', (_, from, to, line) => {
  expect(report(changed(from, to))).toEqual([`models.yaml:${line}`]);
});

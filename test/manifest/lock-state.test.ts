import { expect, it } from 'vitest';
import type { Lock } from '../../manifest/lock.js';
import { lockState } from '../../manifest/lock-state.js';

const models = ['new:1', 'same:1', 'other:1'].map((name) => ({ name }));
const declarations = new Map([
  ['new:1', 'sha256:1'],
  ['same:1', 'sha256:2'],
  ['other:1', 'sha256:3'],
]);

function lockOf(entries: Readonly<Record<string, string>>): Lock {
  const locked = Object.entries(entries).map(([name, declaration]) => [
    name,
    { declaration, source: 'x', layers: [], facts: {} },
  ]);
  return { models: Object.fromEntries(locked) as Lock['models'] };
}

it('tells what is missing, stale, unused and current', () => {
  const lock = lockOf({ 'other:1': 'sha256:0', 'same:1': 'sha256:2', 'gone:1': 'sha256:9', 'SAME:1': 'sha256:2' });
  expect(lockState(models, declarations, lock)).toEqual({
    missing: ['new:1'],
    stale: ['other:1'],
    current: ['same:1'],
    unused: ['gone:1', 'SAME:1'],
  });
});

it('misses everything without a lock, and takes no name from the prototype of objects', () => {
  const all = lockState([{ name: 'constructor' }, ...models], declarations, undefined);
  expect(all).toEqual({ missing: ['constructor', 'new:1', 'same:1', 'other:1'], stale: [], current: [], unused: [] });
  expect(lockState([{ name: 'constructor' }], new Map(), { models: {} }).missing).toEqual(['constructor']);
});

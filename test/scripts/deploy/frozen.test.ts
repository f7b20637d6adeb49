import { expect, it } from 'vitest';
import { checkPinned, isFrozen } from '../../../scripts/deploy/frozen.js';
import { model, planOf } from '../../support/load-plan.js';

const flags = { frozen: false, 'no-frozen': false };
const project = { file: 'models.yaml', text: '' };
const withLock = { ...project, lock: '{}' };

it.each([
  ['by default', flags, withLock, {}, false],
  ['when asked for', { ...flags, frozen: true }, withLock, {}, true],
  ['in CI with a lock', flags, withLock, { CI: 'true' }, true],
  ['in CI that says 1', flags, withLock, { CI: '1' }, true],
  ['in CI without a lock', flags, project, { CI: 'true' }, false],
  ['where CI is said to be none', flags, withLock, { CI: 'false' }, false],
  ['in CI when not wanted', { ...flags, 'no-frozen': true }, withLock, { CI: 'true' }, false],
])('isFrozen %s', (_case, given, file, env, expected) => {
  expect(isFrozen(given, file, env)).toBe(expected);
});

it('isFrozen refuses what cannot be', () => {
  expect(() => isFrozen({ ...flags, frozen: true }, project, {})).toThrow(/no models\.lock\.json/);
  expect(() => isFrozen({ frozen: true, 'no-frozen': true }, withLock, {})).toThrow('exclude each other');
});

it('checkPinned names every model at once, and each once', () => {
  const stale = { ...model('b:1'), locked: { declaration: 'sha256:old', source: 'elsewhere', layers: [] } };
  const plan = planOf({ name: 'main', container: 'c', url: 'http://127.0.0.1:1', models: [] }, [model('a:1'), stale]);
  expect(() => checkPinned([plan, { ...plan, store: 'second' }], 'models.lock.json')).toThrow(
    'models.lock.json does not pin 2 models: a:1 (not in it), b:1 (declared anew since it was locked)',
  );
  expect(() => checkPinned([{ ...plan, models: [] }], 'models.lock.json')).not.toThrow();
});

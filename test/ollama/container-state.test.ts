import { expect, it } from 'vitest';
import { deathOf } from '../../ollama/container-state.js';

const running = { status: 'running', exitCode: 0, restarts: 0, oomKilled: false, error: '' };

it.each([
  ['running', running, undefined],
  ['not yet started', { ...running, status: 'created' }, undefined],
  ['exited', { ...running, status: 'exited', exitCode: 1 }, 'exited (exit code 1)'],
  [
    'out of memory',
    { ...running, status: 'exited', exitCode: 137, oomKilled: true },
    'exited (exit code 137, out of memory)',
  ],
  [
    'never started',
    { ...running, status: 'dead', exitCode: 128, error: 'no such device' },
    'exited (exit code 128, no such device)',
  ],
  ['between two starts', { ...running, status: 'restarting', exitCode: 1 }, 'keeps restarting (exit code 1)'],
  ['started again', { ...running, restarts: 2 }, 'died and was restarted by Docker'],
  ['started again long ago', { ...running, restarts: 1 }, undefined],
  ['gone', undefined, 'was removed'],
])('%s', (_, state, words) => {
  expect(deathOf(state, 1)).toBe(words);
});

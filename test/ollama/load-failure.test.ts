import { expect, it } from 'vitest';
import { LoadError } from '../../ollama/load-error.js';
import { asLoadError, isPassing } from '../../ollama/load-failure.js';

it.each([
  [true, new Error('max retries exceeded: unexpected EOF')],
  [true, new Error('pull model manifest: 503: service unavailable')],
  [true, new Error('dial tcp 192.0.2.1:443: i/o timeout')],
  [true, Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
  [false, new Error('pull model manifest: file does not exist')],
  [false, new Error('dial tcp: lookup registry.invalid: no such host')],
  [false, new Error('write blobs/x: no space left on device')],
  [false, new LoadError('sha256 is wrong: timeout')],
])('may pass by itself: %s, %s', (passes, error) => {
  expect(isPassing(error)).toBe(passes);
});

it.each([
  ['pull model manifest: file does not exist', 'check the name and tag'],
  ['dial tcp: lookup registry.invalid: no such host', 'add a GGUF to `from`'],
  ['write blob: no space left on device', 'make room'],
  [
    'pull model manifest: 412: The model you are attempting to pull requires a newer version of Ollama.',
    'raise `image`',
  ],
  ['model requires more system memory (9.9 GiB) than is available (1.0 GiB)', 'smaller model'],
  ['invalid file magic', 'fetch it again'],
  ['something new', 'npm run logs'],
])('tells the next step after %s', (message, hint) => {
  expect(asLoadError(new Error(message)).text).toMatch(new RegExp(`${message.replaceAll(/[().:]/g, '.')}[^]*${hint}`));
});

it('lets mistakes of the program through', () => {
  expect(() => asLoadError(new TypeError('x is undefined'))).toThrow(TypeError);
});

import { expect, it } from 'vitest';
import { withoutTokenTraces } from '../../stacks/token-traces.js';

function trace(): string | undefined {
  const target: { stack?: string } = {};
  Error.captureStackTrace(target);
  return target.stack;
}

function mistake(): never {
  throw new Error('a bug');
}

it('takes no traces while it builds, and again afterwards', () => {
  expect(withoutTokenTraces(trace)).toBeUndefined();
  expect(trace()).toContain('token-traces.test');
});

it('leaves thrown errors their stack, and takes traces again after one', () => {
  expect(() => withoutTokenTraces(mistake)).toThrow(
    expect.objectContaining({ stack: expect.stringContaining('mistake') }),
  );
  expect(trace()).toContain('token-traces.test');
});

import { expect, it } from 'vitest';
import { PullRates } from '../../ollama/pull-rate.js';

it('adds up the pulls that share the line to a host, and forgets what was small', () => {
  let clock = 0;
  const rates = new PullRates(() => clock);
  const at = (ms: number, host: string, bytes: number): void => {
    clock = ms;
    rates.add(host, bytes);
  };
  at(1000, 'a', 0);
  at(1500, 'a', 0);
  at(2000, 'a', 8e6);
  at(3000, 'a', 12e6);
  at(1000, 'b', 0);
  at(1100, 'b', 9e6);
  at(9000, 'c', 0);
  expect(rates.rates()).toEqual({ a: 10e6 });
});

import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { answers } from '../../toolchain/registry.js';
import { httpDouble } from '../support/http-double.js';

it('any status is an answer', async () => {
  await using server = await httpDouble((_, response) => response.writeHead(401).end());
  expect(await answers(`${server.url}/v2/`)).toBe(true);
});

it('a server that accepts and stays silent is given up at the time-out, and not asked again', async () => {
  let calls = 0;
  const hole = createServer(() => (calls += 1));
  await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(hole.address() as AddressInfo).port}/`;
  const begin = performance.now();
  expect(await answers(url, 200)).toBe(false);
  expect(await answers(url, 200)).toBe(false);
  expect(performance.now() - begin).toBeLessThan(1000);
  expect(calls).toBe(1);
  hole.close();
});

it('a name that does not resolve is an immediate no', async () => {
  const begin = performance.now();
  expect(await answers('https://registry.invalid/v2/')).toBe(false);
  expect(performance.now() - begin).toBeLessThan(2500);
});

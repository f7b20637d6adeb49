import { afterEach, describe, expect, it } from 'vitest';
import { waitUntilReady } from '../../ollama/readiness.js';
import { httpDouble } from '../support/http-double.js';
import { startOllama } from '../support/ollama-server.js';
import type { TestServer } from '../support/ollama-server.js';

const never = new AbortController().signal;
const absent = { name: 'main', container: 'ollama-stacks-test-absent', models: [] };
const started: TestServer[] = [];

async function start(...options: Parameters<typeof startOllama>): Promise<TestServer> {
  const server = await startOllama(...options);
  started.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.remove()));
});

describe('a server that comes up', () => {
  it('is ready when it tells its version', async () => {
    const server = await start({ wait: false });
    expect(await waitUntilReady(server, never)).toMatch(/^0\.\d+\.\d+/);
  });

  it('is not ready while it refuses, and no container is looked at within 300 ms', async () => {
    let asked = 0;
    await using server = await httpDouble((_request, response) => {
      asked += 1;
      response.writeHead(asked < 4 ? 503 : 200).end(asked < 4 ? 'starting' : '{"version":"0.34.0"}');
    });
    expect(await waitUntilReady({ ...absent, url: server.url }, never)).toBe('0.34.0');
    expect(asked).toBe(4);
  });
});

describe('a server that does not come up', () => {
  it.each([
    ['exits at once', ['--restart=no'], /container ollama-stacks-test-\w+ exited \(exit code 1\)/],
    [
      'is restarted again and again',
      ['--restart=always'],
      /container ollama-stacks-test-\w+ (keeps restarting|died and was restarted)/,
    ],
  ])('and %s is told in under 2 s, with its log', async (_, options, message) => {
    const server = await start({ options, command: ['--no-such-flag'], wait: false });
    const begin = performance.now();
    const error: unknown = await waitUntilReady(server, never).catch((thrown: unknown) => thrown);
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(error).toMatchObject({
      message: expect.stringMatching(message),
      hint: expect.stringContaining('unknown flag: --no-such-flag'),
    });
  });

  it('and was removed is told', async () => {
    const waiting = waitUntilReady({ ...absent, url: 'http://127.0.0.1:1' }, never);
    await expect(waiting).rejects.toThrow('server main: container ollama-stacks-test-absent was removed');
  });

  it('although its container runs is given up at the deadline', async () => {
    const server = await start();
    const waiting = waitUntilReady({ ...server, url: 'http://127.0.0.1:1' }, never, { deadline: 700 });
    await expect(waiting).rejects.toThrow(
      /no answer from http:\/\/127.0.0.1:1\/api\/version within 0.7 s, although container .* runs/,
    );
  });

  it('is waited for until the user interrupts', async () => {
    const interruption = new AbortController();
    await using server = await httpDouble(() => interruption.abort());
    await expect(waitUntilReady({ ...absent, url: server.url }, interruption.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

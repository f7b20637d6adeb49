import getPort from 'get-port';
import { expect, it } from 'vitest';
import { manifestUrl, whyNotServed } from '../../ollama/registry.js';
import { httpDouble } from '../support/http-double.js';

const never = new AbortController().signal;
const route = '/v2/library/qwen3/manifests/8b';

it('asks for the manifest of the tag', () => {
  const ref = { host: 'registry.ollama.ai', namespace: 'library', model: 'qwen3', tag: '8b' };
  expect(manifestUrl(ref)).toBe(`https://registry.ollama.ai${route}`);
});

it.each([
  ['serves it', 200, undefined],
  ['does not know it', 404, '127.0.0.1 knows no library/qwen3/manifests/8b'],
  ['wants a key', 401, '127.0.0.1 answers HTTP 401'],
  ['is broken', 503, '127.0.0.1 answers HTTP 503'],
])('a registry that %s', async (_, status, reason) => {
  await using registry = await httpDouble((request, response) => {
    const isAsked =
      request.url === route && request.headers.accept === 'application/vnd.docker.distribution.manifest.v2+json';
    response.writeHead(isAsked ? status : 500).end('{}');
  });
  const found = await whyNotServed(`${registry.url}${route}`, never);
  expect(found?.replace(/:\d+/, '')).toBe(reason);
});

it('a registry that says nothing', async () => {
  await using registry = await httpDouble(() => undefined);
  expect(await whyNotServed(`${registry.url}${route}`, never, 200)).toMatch(/does not answer: nothing within 0.2 s$/);
});

it('no registry at all', async () => {
  const port = await getPort({ host: '127.0.0.1' });
  expect(await whyNotServed(`http://127.0.0.1:${port}${route}`, never)).toBe(
    `127.0.0.1:${port} does not answer: connection refused`,
  );
});

it('a name that nobody has costs no time', async () => {
  const start = performance.now();
  const reason = await whyNotServed(`https://registry.invalid${route}`, never);
  expect(reason).toBe('registry.invalid does not answer: its name cannot be resolved');
  expect(performance.now() - start).toBeLessThan(1000);
});

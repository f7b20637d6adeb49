import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import type { RequestListener } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Registry } from '../../manifest/manifest.js';
import type { ModelRef } from '../../manifest/model-ref.js';
import { RegistryClient } from '../../ollama/registry-client.js';
import { httpDouble } from '../support/http-double.js';
import { startModelRegistry } from '../support/model-registry.js';

const canary = 'canary-b81d07';
const limits = { connect: 300, answer: 300 };
const layer = { mediaType: 'application/vnd.ollama.image.model', digest: `sha256:${'a'.repeat(64)}`, size: 3 };
const manifest = JSON.stringify({ config: layer, layers: [layer] });

function clientOf(registry: Registry, env: NodeJS.ProcessEnv = {}, signal?: AbortSignal): RegistryClient {
  return new RegistryClient({ registries: [registry], env }, signal, limits);
}

const refOf = (host: string): ModelRef => ({ host, namespace: 'team', model: 'qwen', tag: '8b' });

/** What the error of a call says, with its kind. */
async function said(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'no error',
    (error: Error & { trouble?: string; hint?: string }) => `${error.trouble}: ${error.message} | ${error.hint}`,
  );
}

const answers: readonly (readonly [string, RequestListener, RegExp])[] = [
  [
    'a page',
    (_, response) => response.end('<html>login</html>'),
    /^invalid: .* something that is no manifest \(no JSON\) for team\/qwen:8b \| check that/,
  ],
  ['a list of manifests', (_, response) => response.end('{"manifests":[]}'), /^invalid: .* a list of manifests/],
  [
    'other JSON',
    (_, response) => response.end('{"config":{"digest":"x"}}'),
    /^invalid: .* JSON that is no manifest \(config\./,
  ],
  ['JSON that is no object', (_, response) => response.end('null'), /^invalid: .* JSON that is no manifest/],
  [
    'a digest that cannot be',
    (_, response) => response.end(manifest.replaceAll('aaa', '../')),
    /^invalid: .*no manifest \(config.digest/,
  ],
  [
    'other bytes than it says',
    (_, response) => response.setHeader('docker-content-digest', layer.digest).end(manifest),
    /^invalid: .* a manifest of sha256:\w{64} where it says sha256:a{64}/,
  ],
  [
    'more than a manifest can be',
    (_, response) => response.end(Buffer.alloc(9 * 2 ** 20)),
    /^invalid: .* more than 8 MiB/,
  ],
  [
    'redirects without end',
    (request, response) => response.writeHead(307, { location: `${request.url}x` }).end(),
    /^invalid: .*HTTP 307/,
  ],
  ['418', (_, response) => response.writeHead(418).end(), /^invalid: .* answers HTTP 418/],
  [
    '404',
    (_, response) => response.writeHead(404).end(),
    /^unknown: .* knows no team\/qwen:8b \| check the name and tag/,
  ],
  [
    '403',
    (_, response) => response.writeHead(403).end(),
    /^unauthorized: .* refuses team\/qwen:8b \(HTTP 403\) \| write registries:/,
  ],
  ['503', (_, response) => response.writeHead(503).end(), /^unreachable: .* it answers HTTP 503 \| try again later/],
  ['nothing', () => {}, /^unreachable: .*: nothing for 0.3 s \|/],
  ['a cut connection', (request) => request.socket.destroy(), /^unreachable: .*: .+ \|/],
];

it.each(answers)('says what is wrong when a double of a registry answers %s', async (_, listener, words) => {
  let asked = 0;
  await using double = await httpDouble((request, response) => {
    asked += 1;
    listener(request, response);
  });
  const host = new URL(double.url).host;
  const client = clientOf({ host, insecure: true });
  const text = await said(client.manifest(refOf(host)));
  await client.close();
  expect(text).toMatch(words);
  expect(text).toContain(host);
  const attempts = /HTTP 503|cut|closed|hang up/.test(text) ? 3 : text.includes('HTTP 307') ? 6 : 1;
  expect(asked).toBe(attempts);
});

it('passes over a failure that is soon over', async () => {
  let asked = 0;
  await using double = await httpDouble((request, response) => {
    asked += 1;
    if (asked === 1) request.socket.destroy();
    else response.writeHead(asked === 2 ? 502 : 200).end(manifest);
  });
  const host = new URL(double.url).host;
  const client = clientOf({ host, insecure: true });
  expect(await client.manifest(refOf(host))).toMatchObject({
    digest: `sha256:${createHash('sha256').update(manifest).digest('hex')}`,
    layers: [layer],
  });
  await client.close();
});

it('says why nobody answers', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const cases: readonly (readonly [string, boolean, RegExp])[] = [
    ['127.0.0.1:1', false, /connection refused \| start the registry/],
    ['no-such-host.invalid', false, /its name cannot be resolved \| check the name/],
    [`127.0.0.1:${port}`, false, /no connection within 0.3 s \| check the network/],
  ];
  for (const [host, insecure, words] of cases) {
    const client = clientOf({ host, insecure });
    const start = performance.now();
    const text = await said(client.manifest(refOf(host)));
    await client.close();
    expect(text).toMatch(words);
    expect(text).toMatch(/^unreachable: .* gives no team\/qwen:8b/);
    expect(performance.now() - start).toBeLessThan(3000);
  }
  silent.close();
});

it('tells https from http, and an authority that nobody trusts', async () => {
  await using secure = await startModelRegistry({ tls: true });
  await using plain = await startModelRegistry();
  const cases: readonly (readonly [string, boolean, RegExp])[] = [
    [secure.host, false, /its certificate is not trusted \| write registries: \{ 127.*: \{ ca: /],
    [plain.host, false, /it speaks no https \| write registries: \{ 127.*: \{ insecure: true/],
    [secure.host, true, /HTTP 400 .* \| take `insecure` from registries/],
  ];
  for (const [host, insecure, words] of cases) {
    const client = clientOf({ host, insecure });
    expect(await said(client.manifest(refOf(host)))).toMatch(words);
    await client.close();
  }
});

it('ends at once when it is told to', async () => {
  const controller = new AbortController();
  await using double = await httpDouble(() => controller.abort(new Error('enough')));
  const host = new URL(double.url).host;
  const client = clientOf({ host, insecure: true }, {}, controller.signal);
  await expect(client.manifest(refOf(host))).rejects.toThrow('enough');
  await client.close();
});

describe('a registry that wants a token (double)', () => {
  let seen: string[];
  let realm: string | undefined;
  let valid: string;

  const listener: RequestListener = (request, response) => {
    const { url = '', headers } = request;
    seen.push(`${url.split('?')[0]} ${headers.authorization ?? '-'}`);
    if (url.startsWith('/token')) {
      const wanted = `Basic ${Buffer.from(`ci:${canary}`).toString('base64')}`;
      if (headers.authorization !== wanted) response.writeHead(401).end('{}');
      else response.end(JSON.stringify({ token: valid, asked: url }));
    } else if (headers.authorization === `Bearer ${valid}`) response.end(manifest);
    else {
      const challenge = `Bearer realm="${realm ?? `http://${headers.host}/token`}",service="r",scope="repository:team/qwen:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
  };

  beforeEach(() => {
    seen = [];
    realm = undefined;
    valid = 'one';
  });

  const password = { username: 'ci', passwordEnv: 'PASSWORD' } as const;

  it('gets one for its credentials, keeps it, and gets another when it has run out', async () => {
    await using double = await httpDouble(listener);
    const host = new URL(double.url).host;
    const client = clientOf({ host, insecure: true, ...password }, { PASSWORD: canary });
    await client.manifest(refOf(host));
    await client.manifest(refOf(host));
    expect(seen.filter((line) => line.startsWith('/token'))).toHaveLength(1);
    expect(seen.at(-1)).toBe('/v2/team/qwen/manifests/8b Bearer one');
    valid = 'two';
    await Promise.all([client.manifest(refOf(host)), client.manifest(refOf(host))]);
    const fetches = seen.filter((line) => line.startsWith('/token'));
    expect(fetches).toHaveLength(2);
    expect(fetches.every((line) => line.startsWith('/token Basic '))).toBe(true);
    await client.close();
  });

  it.each<readonly [string, Partial<Registry>, NodeJS.ProcessEnv, RegExp]>([
    ['no credentials', {}, {}, /^unauthorized: .*HTTP 401.* write registries/],
    ['wrong ones', password, { PASSWORD: 'wrong' }, /^unauthorized: .*HTTP 401.* check the value of PASSWORD/],
    [
      'a token that is not good',
      { tokenEnv: 'TOKEN' },
      { TOKEN: canary },
      /^unauthorized: .* check the value of TOKEN/,
    ],
  ])('refuses %s', async (_, changes, env, words) => {
    await using double = await httpDouble(listener);
    const host = new URL(double.url).host;
    const client = clientOf({ host, insecure: true, ...changes }, env);
    const text = await said(client.manifest(refOf(host)));
    await client.close();
    expect(text).toMatch(words);
    expect(text).not.toContain(canary);
  });

  it('sends no password to another host in the clear', async () => {
    await using other = await httpDouble(listener);
    await using double = await httpDouble(listener);
    realm = `${other.url}/token`;
    const host = new URL(double.url).host;
    const client = clientOf({ host, insecure: true, ...password }, { PASSWORD: canary });
    expect(await said(client.manifest(refOf(host)))).toMatch(/^unauthorized: .* which is not encrypted/);
    await client.close();
    expect(seen.some((line) => line.startsWith('/token'))).toBe(false);
  });
});

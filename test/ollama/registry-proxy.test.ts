import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { parseModelRef } from '../../manifest/model-ref.js';
import { RegistryClient } from '../../ollama/registry-client.js';
import { startModelRegistry } from '../support/model-registry.js';
import { pushSynthetic } from '../support/synthetic-model.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('goes through the proxy of the environment, and checks the certificate behind it', async () => {
  await using registry = await startModelRegistry({ tls: true });
  const pushed = await pushSynthetic(registry, { name: 'team/small:1' });
  const { ref } = parseModelRef(pushed.name);
  if (ref === undefined) throw new Error(pushed.name);
  const tunnels: string[] = [];
  const sockets = new Set<Socket>();
  const proxy = createServer().on('connect', ({ url = '' }, client) => {
    tunnels.push(url);
    const target = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    for (const socket of [client as Socket, target]) sockets.add(socket.on('error', () => socket.destroy()));
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const address = proxy.address();
  for (const name of ['HTTPS_PROXY', 'https_proxy'])
    vi.stubEnv(name, `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  for (const name of ['NO_PROXY', 'no_proxy']) vi.stubEnv(name, '');
  const settings = { host: registry.host, insecure: false };
  const trusting = new RegistryClient({
    registries: [{ ...settings, ca: await readFile(registry.ca, 'utf8') }],
    env: {},
  });
  const strict = new RegistryClient({ registries: [settings], env: {} });
  try {
    expect((await trusting.manifest(ref)).digest).toBe(pushed.digest);
    expect(tunnels[0]).toBe(registry.host);
    await expect(strict.manifest(ref)).rejects.toThrow('its certificate is not trusted');
    expect(tunnels.length).toBeGreaterThan(1);
  } finally {
    await Promise.all([trusting.close(), strict.close()]);
    for (const socket of sockets) socket.destroy();
    proxy.close();
  }
});

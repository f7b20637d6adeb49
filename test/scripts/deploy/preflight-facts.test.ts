import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import getPort from 'get-port';
import { expect, it, onTestFinished } from 'vitest';
import type { Server } from '../../../manifest/manifest.js';
import { Engine } from '../../../scripts/deploy/engine.js';
import { preflight } from '../../../scripts/deploy/preflight.js';
import { gatherFacts, isFree } from '../../../scripts/deploy/preflight-facts.js';
import { docker, run } from '../../support/project.js';
import { startOllama } from '../../support/ollama-server.js';
import { validManifest, validServer } from '../valid-manifest.js';

const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';

/** A manifest whose names nobody else has. */
async function unusedManifest() {
  const project = `ollama-stacks-test-${randomBytes(4).toString('hex')}`;
  const port = await getPort({ host: '127.0.0.1' });
  const server = { ...validServer, container: `${project}-main`, store: `${project}-models`, port };
  return { ...validManifest, project, servers: [server] };
}

it('finds nothing in the way of names that nobody uses', async () => {
  const manifest = await unusedManifest();
  expect(preflight(manifest, await gatherFacts(manifest, undefined, new Engine(host)))).toEqual([]);
});

it('finds a port that a program holds', async () => {
  const manifest = await unusedManifest();
  const port = manifest.servers[0]!.port;
  const server = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  expect(await isFree(port)).toBe(false);
  const [finding] = preflight(manifest, await gatherFacts(manifest, undefined, new Engine(host)));
  expect(finding?.message).toBe(`port ${port} of server main is in use by another program`);
});

it('finds the container that holds a port, by name', async () => {
  const manifest = await unusedManifest();
  const other = await startOllama();
  onTestFinished(() => other.remove());
  const servers = manifest.servers.map((server) => ({ ...server, port: other.port }));
  const [finding] = preflight(
    { ...manifest, servers },
    await gatherFacts({ ...manifest, servers }, undefined, new Engine(host)),
  );
  expect(finding?.message).toBe(`port ${other.port} of server main is in use by container ${other.container}`);
});

it('finds a container and a volume that are not ours, and leaves them alone', async () => {
  const manifest = await unusedManifest();
  const [server] = manifest.servers;
  const image = process.env.OLLAMA_STACKS_TEST_IMAGE ?? 'ollama-stacks/ollama:0.34.0-cpu';
  const id = await docker('create', '--name', server!.container, image);
  await docker('volume', 'create', '--label', 'io.ollama-stacks.project=other', server!.store);
  onTestFinished(async () => {
    await run('docker', ['rm', '-f', id]);
    await run('docker', ['volume', 'rm', server!.store]);
  });
  const findings = preflight(manifest, await gatherFacts(manifest, undefined, new Engine(host)));
  expect(findings.map(({ message }) => message)).toEqual([
    `container ${server!.container}, which server main needs, exists already and is not ours`,
    `volume ${server!.store} exists already and is not ours, but of project other`,
  ]);
  expect(await docker('inspect', '--format', '{{.Id}}', server!.container)).toBe(id);
});

it.skipIf(existsSync('/dev/kfd'))(
  'looks for the device nodes of a GPU, and only when a server wants them',
  async () => {
    const manifest = await unusedManifest();
    const engine = new Engine(host);
    expect(await gatherFacts(manifest, undefined, engine)).not.toHaveProperty('nodes');
    const servers = manifest.servers.map((server): Server => ({ ...server, gpu: { vendor: 'amd', devices: 'all' } }));
    const facts = await gatherFacts({ ...manifest, servers }, undefined, engine);
    expect(facts.nodes).toBeTypeOf('object');
    expect(preflight({ ...manifest, servers }, facts)[0]).toMatchObject({ code: 'no-device-node' });
    const name = servers[0]?.container ?? '';
    const container = { name, ports: servers.flatMap(({ port }) => port ?? []), gpus: ['/dev/kfd', '/dev/dri'] };
    const state = { containers: [container], addresses: new Set<string>(), attributes: new Map() };
    expect(await gatherFacts({ ...manifest, servers }, state, engine)).not.toHaveProperty('nodes');
  },
);

it('asks the engine for its runtimes, and the machine for its GPUs, when a server wants NVIDIA', async () => {
  const manifest = await unusedManifest();
  const servers = manifest.servers.map((server): Server => ({ ...server, gpu: { vendor: 'nvidia', devices: 'all' } }));
  const facts = await gatherFacts({ ...manifest, servers }, undefined, new Engine(host));
  expect(facts.runtimes).toContain('runc');
  expect(facts.hardware?.memory).toBeGreaterThan(0);
  expect(facts).not.toHaveProperty('nodes');
});

it('says that an engine does not run, and where it was looked for', async () => {
  const engine = new Engine('unix:///nonexistent/docker.sock');
  await expect(engine.info()).rejects.toThrow('the Docker engine does not answer at unix:///nonexistent/docker.sock');
  await expect(engine.containers(['x'])).rejects.toThrow('the Docker engine does not answer');
});

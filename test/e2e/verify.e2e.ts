import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startModelRegistry, type ModelRegistry } from '../support/model-registry.js';
import { startOllama, type TestServer } from '../support/ollama-server.js';
import { docker, Project, repository } from '../support/project.js';
import { pushSynthetic, type PushedModel } from '../support/synthetic-model.js';

let registry: ModelRegistry;
let server: TestServer;
let project: Project;
let pushed: PushedModel;

/** The project's server was never deployed: its store is that of a server which pulled the model and is gone. */
beforeAll(async () => {
  [registry, server, project] = await Promise.all([
    startModelRegistry(),
    startOllama({ network: 'host' }),
    Project.create(),
  ]);
  pushed = await pushSynthetic(registry, { name: 'team/alpha:1' });
  const body = JSON.stringify({ model: pushed.name, insecure: true, stream: false });
  const answer = await (await fetch(`${server.url}/api/pull`, { method: 'POST', body })).text();
  if (!answer.includes('success')) throw new Error(answer);
  await mkdir(project.file('.toolchain'));
  await cp(path.join(repository, '.toolchain', 'resolved.json'), project.file('.toolchain/resolved.json'));
  await project.manifest(`registries:
  ${registry.host}: { insecure: true }
servers:
  main: { port: ${project.port}, store: ${server.container} }
  other: { port: ${project.port + 1}, store: ${project.name}-none, models: [] }
models:
  "${pushed.name}": {}
`);
});

afterAll(async () => {
  await Promise.all([registry?.remove(), server?.remove(), project?.remove()]);
});

it('verifies and repairs stores without a server', async () => {
  await docker('stop', '--time', '0', server.container);
  const sound = await project.verb('verify');
  expect(sound.output).toMatch(new RegExp(`store +${server.container} +2 blobs of 1 model, 451 KB +sound`));
  expect(sound.output).toMatch(new RegExp(`store +${project.name}-none +0 blobs of 0 models`));
  expect(sound.code).toBe(0);

  const digest = pushed.layers[0]?.digest ?? '';
  const flip = 'printf "\\377" | dd of="$1" bs=1 seek=200000 conv=notrunc status=none';
  const blob = `/store/models/blobs/${digest.replace(':', '-')}`;
  const image = await docker('inspect', '--format', '{{.Image}}', server.container);
  const mount = ['--volume', `${server.container}:/store`, '--entrypoint', 'sh'];
  await docker('run', '--rm', ...mount, image, '-c', flip, 'sh', blob);

  const bad = await project.verb('verify');
  expect(bad.output).toMatch(
    new RegExp(`corrupt +${pushed.name} +${digest.slice(0, 19)} +451 KB, of the right length`),
  );
  expect(bad.output).toContain('npm run verify -- --repair');
  expect(bad.code).toBe(1);

  const mended = await project.verb('verify', '--repair', '--json');
  expect(JSON.parse(mended.stdout)).toMatchObject({
    project: project.name,
    sound: true,
    stores: [
      {
        store: server.container,
        findings: [{ kind: 'corrupt', digest, models: [pushed.name] }],
        repairs: [{ action: 'fetched', digest, source: pushed.name, bytes: pushed.layers[0]?.bytes }],
      },
      { findings: [], repairs: [] },
    ],
  });
  expect(mended.code).toBe(0);
  expect((await project.verb('verify')).code).toBe(0);
});

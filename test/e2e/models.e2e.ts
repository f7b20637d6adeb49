import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OllamaServer } from '../../ollama/server.js';
import { bridgeAddress, docker, Project } from '../support/project.js';
import { type ModelRegistry, startModelRegistry } from '../support/model-registry.js';
import { type PushedModel, pushSynthetic } from '../support/synthetic-model.js';

/** The life of a project's models, in order, against a real registry that stands for the Ollama library. */
describe('models, from lock to prune', () => {
  let project: Project;
  let registry: ModelRegistry;
  let server: OllamaServer;
  let tiny: PushedModel;
  let shared: PushedModel;

  beforeAll(async () => {
    project = await Project.create();
    server = new OllamaServer(project.url);
    registry = await startModelRegistry({ address: await bridgeAddress() });
    tiny = await pushSynthetic(registry, { name: 'library/tiny:1', seed: 1, texts: { license: 'MIT License\n' } });
    shared = await pushSynthetic(registry, { name: 'library/shared:1', seed: 1, texts: { system: 'Be kind.' } });
    await pushSynthetic(registry, { name: 'library/other:1', seed: 2 });
  });
  afterAll(async () => {
    await project?.remove();
    await registry?.remove();
  });

  const declare = (models: string, more = ''): Promise<void> =>
    project.manifest(`
servers: { main: { port: ${project.port} } }
registries: { "${registry.host}": { insecure: true } }
mirror: ${registry.host}
${more}
models: ${models}`);
  const all = '{ tiny:1: , shared:1: , chat: { from: tiny:1, parameters: { num_ctx: 512 } } }';
  const names = async (): Promise<string[]> => (await server.tags()).map(({ name }) => name).toSorted();
  const verb = async (code: number, ...argv: string[]): Promise<string> => {
    const ran = await project.verb(...argv);
    expect({ argv, code: ran.code, output: ran.output }).toMatchObject({ code });
    return ran.output;
  };

  it('lock resolves every model without fetching its weights', async () => {
    await declare(all);
    await verb(0, 'setup');
    await verb(0, 'lock');
    const lock = JSON.parse(await readFile(project.file('models.lock.json'), 'utf8'));
    expect(lock.models['tiny:1']).toMatchObject({
      source: 'registry.ollama.ai/library/tiny:1',
      digest: tiny.digest,
      architecture: 'llama',
      context_length: 2048,
      license: 'MIT License',
    });
    const weights = tiny.layers[0]!;
    const fetched = (await registry.requests()).filter(
      ({ at, path }) => at === 'files' && path.includes(weights.digest.slice(7)),
    );
    expect(fetched.length).toBeGreaterThan(0);
    expect(Math.max(...fetched.map(({ bytes }) => bytes))).toBeLessThan(weights.bytes / 2);
    await verb(0, 'lock', '--check');
  });

  it('plan says what is fetched in bytes, and counts a shared layer once', async () => {
    const output = await verb(3, 'plan');
    expect(output).toMatch(/\+ model tiny:1 +45\d KB/);
    expect(output).toMatch(/\+ model chat:latest/);
    expect(output).toMatch(/fetch 45\d KB/);
    expect(output).toMatch(/disk left \d+/);
  });

  it('up loads what is locked, status and env tell of it', async () => {
    const output = await verb(0, 'up', '--frozen');
    expect(output).toContain('tiny:1');
    expect(await names()).toEqual(['chat:latest', 'shared:1', 'tiny:1']);
    expect((await server.tags()).find(({ name }) => name === 'tiny:1')?.digest).toBe(tiny.digest.slice(7));
    expect((await server.tags()).find(({ name }) => name === 'shared:1')?.digest).toBe(shared.digest.slice(7));
    expect(JSON.parse(await verb(0, 'status', '--json'))).toMatchObject({ up: true, satisfied: true });
    expect(await verb(0, 'env')).toContain(project.url);
    expect(JSON.parse(await verb(0, 'env', '--format', 'json'))).toMatchObject({
      models: { 'chat:latest': { context_length: 512 }, 'tiny:1': { embedding_length: 64 } },
    });
  });

  it('up with nothing to do asks no registry, and a checkout without our record makes nothing anew', async () => {
    const before = (await registry.requests()).length;
    expect(await verb(0, 'up')).toContain('nothing to do');
    const digests = (await server.tags()).map(({ digest }) => digest).toSorted();
    await docker(
      'run',
      '--rm',
      '--volume',
      `${project.directory}:/p`,
      '--entrypoint',
      'rm',
      'ollama-stacks/ollama:0.34.0-cpu',
      '-rf',
      '/p/.toolchain/loaded',
    );
    await verb(0, 'up');
    expect((await server.tags()).map(({ digest }) => digest).toSorted()).toEqual(digests);
    expect(await registry.requests()).toHaveLength(before);
  });

  it.each([
    ['removed', () => server.delete('tiny:1')],
    ['replaced', () => server.copy('shared:1', 'tiny:1')],
    ['made anew', async () => void (await server.create({ model: 'chat', from: 'shared:1' }).next())],
  ])('what was %s by hand is seen by status and plan, and mended by up', async (_, change) => {
    const before = new Map((await server.tags()).map(({ name, digest }) => [name, digest]));
    await change();
    await verb(1, 'status');
    expect(await verb(3, 'plan')).toMatch(/model (tiny:1|chat:latest)/);
    await verb(0, 'up');
    const after = new Map((await server.tags()).map(({ name, digest }) => [name, digest]));
    expect(after.get('tiny:1')).toBe(before.get('tiny:1'));
    await verb(0, 'status');
  });

  it('status --wait waits for the manifest and not only for the server, and says what is missing in the end', async () => {
    await server.delete('tiny:1');
    const late = await verb(1, 'status', '--wait', '--timeout', '1s');
    expect(late).toMatch(/servers up +1 of 1\nmanifest satisfied +no/);
    expect(late).toMatch(/model tiny:1 is not there[^]*not ready within 1.0 s/);
    const waiting = project.verb('status', '--wait', '--timeout', '60s');
    await verb(0, 'up');
    expect(await waiting).toMatchObject({ code: 0 });
  });

  it('a tag that moved is told by outdated, refused by up before anything changes, and accepted by lock --update', async () => {
    await registry.retag('library/tiny:1', 'library/other:1');
    expect(await verb(3, 'outdated')).toContain('tiny:1');
    await server.delete('tiny:1');
    const output = await verb(1, 'up', '--frozen');
    expect(output).toMatch(/tiny:1.*moved/);
    expect(output).toContain('npm run lock -- --update tiny:1');
    expect(await names()).toEqual(['chat:latest', 'shared:1']);
    await verb(1, 'up');
    expect(await names()).toEqual(['chat:latest', 'shared:1']);
    await verb(0, 'lock', '--update', 'tiny:1');
    await verb(0, 'up', '--frozen');
    await verb(0, 'outdated');
    expect(await names()).toEqual(['chat:latest', 'shared:1', 'tiny:1']);
  });

  it('a corrupt layer is found by verify alone, and mended by fetching just it', async () => {
    const blob = `models/blobs/${shared.layers[0]!.digest.replace(':', '-')}`;
    await docker(
      'exec',
      project.container,
      'sh',
      '-c',
      `printf X | dd of=/root/.ollama/${blob} bs=1 seek=200000 conv=notrunc`,
    );
    expect(await verb(1, 'verify')).toMatch(/shared:1/);
    const before = (await registry.requests()).length;
    await verb(0, 'verify', '--repair');
    const fetched = (await registry.requests()).slice(before).filter(({ at }) => at === 'files');
    expect(fetched.map(({ path }) => path).every((path) => path.includes(shared.layers[0]!.digest.slice(7)))).toBe(
      true,
    );
    expect(fetched).toHaveLength(1);
    await verb(0, 'verify');
  });

  it('prune removes what this project loaded and no longer declares, and nothing else', async () => {
    await server.copy('tiny:1', 'foreign:1');
    await declare('{ tiny:1: }', 'prune: true\nkeep: [chat]');
    await verb(0, 'lock');
    expect(await verb(3, 'plan')).toMatch(/- model shared:1/);
    await verb(0, 'up');
    expect(await names()).toEqual(['chat:latest', 'foreign:1', 'tiny:1']);
  });

  it('an empty list prunes nothing without --yes', async () => {
    await declare('{}', 'prune: true');
    expect(await verb(1, 'up')).toContain('--yes');
    expect(await names()).toEqual(['chat:latest', 'foreign:1', 'tiny:1']);
    await verb(0, 'up', '--yes');
    expect(await names()).toEqual(['foreign:1']);
  });

  it('a lock with conflict marks is refused with its line', async () => {
    await writeFile(project.file('models.lock.json'), '{\n<<<<<<< HEAD\n');
    expect(await verb(2, 'up')).toMatch(/models\.lock\.json:2.*conflict/);
  });
});

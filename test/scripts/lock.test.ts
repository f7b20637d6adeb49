import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { parseLock } from '../../manifest/lock-text.js';
import { main as lock } from '../../scripts/lock.js';
import { main as outdated } from '../../scripts/outdated.js';
import { writeSyntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import { startModelRegistry, type ModelRegistry } from '../support/model-registry.js';
import { pushSynthetic, type PushedModel } from '../support/synthetic-model.js';

const canary = 'canary-93ae55';
let registry: ModelRegistry;
let small: PushedModel;
let other: PushedModel;
let folder: string;

beforeAll(async () => {
  registry = await startModelRegistry({ auth: { username: 'ci', password: canary } });
  small = await pushSynthetic(registry, { name: 'team/small:1', texts: { license: 'MIT License' } });
  other = await pushSynthetic(registry, { name: 'team/other:1', seed: 2, bytes: 900_000 });
});

afterAll(async () => registry.remove());

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-lock-'));
  vi.stubEnv('TEAM_PASSWORD', canary);
  vi.stubEnv('XDG_CACHE_HOME', path.join(folder, 'cache'));
  await registry.retag('team/tag:1', 'team/small:1');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const file = (name: string): string => path.join(folder, name);
const lockText = async (): Promise<string> => readFile(file('models.lock.json'), 'utf8');

/** Writes models.yaml; `models` and what follows is YAML of the test, in which HOST is the registry. */
async function manifest(rest: string): Promise<void> {
  const access = `registries: { "${registry.host}": { insecure: true, username: ci, password_env: TEAM_PASSWORD } }`;
  await writeFile(
    file('models.yaml'),
    `version: 1\nproject: t1\n${access}\n${rest.replaceAll('HOST', registry.host)}\n`,
  );
}

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a verb in this process. Whatever it prints, it never prints the password. */
async function run(verb: (argv: string[]) => Promise<number>, ...argv: string[]): Promise<Said> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    }),
  );
  try {
    const code = await verb(['--file', file('models.yaml'), ...argv]);
    expect(`${said.stdout}${said.stderr}${await lockText().catch(() => '')}`).not.toContain(canary);
    return { code, ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const two = 'models:\n  fast: { from: HOST/team/tag:1 }\n  made: { from: fast, system: be brief }';

it('locks what is missing, keeps what is pinned, and writes only what changed', async () => {
  await manifest(two);
  expect(await run(lock, '--check')).toMatchObject({
    code: 3,
    stdout: expect.stringMatching(/^missing +fast:latest/) as string,
  });
  const dry = await run(lock, '--dry-run');
  expect(dry.stdout).toMatch(
    /models\.lock\.json would be written: 2 models, 902 KB \(451 KB with shared layers counted once\)\n$/,
  );
  await expect(lockText()).rejects.toThrow('ENOENT');
  const first = await run(lock);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toMatch(new RegExp(`^locked +fast:latest +${small.digest.slice(7, 19)} +451 KB`, 'm'));
  expect(first.stdout).toMatch(/models\.lock\.json written: 2 models/);
  const text = await lockText();
  expect(text).toContain('"license": "MIT License"');
  await registry.retag('team/tag:1', 'team/other:1');
  const asked = (await registry.requests()).length;
  expect((await run(lock)).stdout).toMatch(/^kept +fast:latest(.*\n)+kept +made:latest(.*\n)+.*is up to date/);
  expect((await registry.requests()).length).toBe(asked);
  expect(await lockText()).toBe(text);
  expect(await run(lock, '--check')).toMatchObject({ code: 0 });
  expect(await readdir(folder)).toEqual(expect.arrayContaining(['models.lock.json', 'models.yaml']));
  expect((await readdir(folder)).filter((name) => name.startsWith('models.'))).toHaveLength(2);
});

it('moves a pin when it is told to, with what is made from it, and only then', async () => {
  await manifest(`${two}\n  still: { from: HOST/team/tag:1 }`);
  await run(lock);
  await registry.retag('team/tag:1', 'team/other:1');
  const moved = await run(lock, '--update', 'FAST');
  const digests = `${small.digest.slice(7, 19)} -> ${other.digest.slice(7, 19)}`;
  expect(moved.stdout).toMatch(new RegExp(`^moved +fast:latest +${digests} +\\d+ KB \\(\\+\\d+ KB\\)$`, 'm'));
  expect(moved.stdout).toMatch(/^moved +made:latest/m);
  expect(moved.stdout).toMatch(/^kept +still:latest/m);
  expect(moved.stderr).toMatch(/^warning {2}fast:latest tells no license; write `license:` at the model/m);
  const { models } = parseLock(await lockText()).lock ?? { models: {} };
  expect(models['made:latest']?.layers[0]?.digest).toBe(other.layers[0]?.digest);
  expect((await run(lock, '--update', 'made', '--update=still,fast')).stdout).toMatch(/^moved +still:latest/m);
  expect((await run(lock, '--update-all')).stdout).toMatch(/is up to date/);
  expect(await run(lock, '--update', 'fsat')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no model "fsat" is declared\n.*did you mean|declared are/) as string,
  });
});

it('locks anew what is declared anew, drops what is gone, and keeps what only a profile declares', async () => {
  await manifest(`${two}\nprofiles:\n  ci: { models: { tiny: { from: HOST/team/other:1 } } }`);
  expect((await run(lock)).stdout).toMatch(/^locked +tiny:latest/m);
  await manifest(
    'models:\n  fast: { from: HOST/team/tag:1, system: x }\nprofiles:\n  ci: { models: { tiny: { from: HOST/team/other:1 } } }',
  );
  expect(await run(lock, '--check', '--json')).toMatchObject({ code: 3 });
  const { stdout, code } = await run(lock, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    outcome: 'written',
    models: [
      { name: 'fast:latest', kind: 'renewed', after: { digest: small.digest } },
      { name: 'made:latest', kind: 'removed' },
      { name: 'tiny:latest', kind: 'kept' },
    ],
  });
  expect(await run(lock, '--check', '--profile', 'ci')).toMatchObject({ code: 0 });
});

it('warns of a profile that declares a model otherwise, and removes nothing while one does not parse', async () => {
  await manifest(
    `${two}\nprofiles:\n  ci: { models: { fast: { system: x } } }\n  gpu: { models: { tiny: { from: HOST/team/other:1, system: "\${NOT_SET_ANYWHERE}" } } }`,
  );
  vi.stubEnv('NOT_SET_ANYWHERE', 'x');
  const first = await run(lock);
  expect(first.stderr).toMatch(
    /^warning {2}with profile ci fast:latest is declared otherwise, and the lock holds one of each/m,
  );
  expect(first.stdout).toMatch(/^locked +tiny:latest/m);
  vi.stubEnv('NOT_SET_ANYWHERE', undefined);
  const second = await run(lock);
  expect(second.stderr).toMatch(
    /^warning {2}with profile gpu the manifest does not parse here, so no entry was removed/m,
  );
  expect(await lockText()).toContain('"tiny:latest"');
});

it('says all that cannot be locked at once, and leaves the lock as it was', async () => {
  await manifest(two);
  await run(lock);
  const text = await lockText();
  writeSyntheticGguf(file('ours.gguf'));
  await manifest(
    `${two}\n  lost: { from: { gguf: ./lost.gguf } }\n  none: { from: HOST/team/none:1 }\n  down: { from: 127.0.0.1:1/a/b:c }\n  ours: { from: { gguf: ./ours.gguf } }`,
  );
  const { code, stderr } = await run(lock);
  expect(code).toBe(1);
  for (const words of [
    'lost:latest: there is no file',
    'none:latest: 127.0.0.1:',
    'down:latest: 127.0.0.1:1 gives no a/b:c',
  ])
    expect(stderr).toContain(`error    ${words}`);
  expect(stderr).toContain('models.lock.json is not written: 3 of its models cannot be locked');
  expect(await lockText()).toBe(text);
});

it.each([
  ['is not set', undefined, /the environment variable TEAM_PASSWORD, .* is not set\n.*set TEAM_PASSWORD/],
  ['is wrong', 'wrong-4711', /HTTP 401\)\n.*check the value of TEAM_PASSWORD/],
])('says so when a password %s', async (_, value, words) => {
  vi.stubEnv('TEAM_PASSWORD', value);
  await manifest(two);
  const { code, stderr } = await run(lock);
  expect(code).toBe(1);
  expect(stderr).toMatch(words);
  expect(stderr).not.toContain('wrong-4711');
});

it('touches no lock with marks of a merge', async () => {
  await manifest(two);
  await writeFile(file('models.lock.json'), '{\n<<<<<<< HEAD\n');
  const { code, stderr } = await run(lock);
  expect(code).toBe(2);
  expect(stderr).toMatch(/models\.lock\.json:2: the lock has merge-conflict marks\n.*git checkout --ours/);
  expect(await lockText()).toBe('{\n<<<<<<< HEAD\n');
});

it('locks 20 models of a registry within 2 s', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `team/m${index}:1`);
  for (const [index, name] of names.entries())
    await pushSynthetic(registry, { name, seed: 100 + index, texts: { license: 'MIT' } });
  await manifest(`models:\n${names.map((name, index) => `  m${index}: { from: HOST/${name} }`).join('\n')}`);
  const warned = vi.spyOn(process, 'emitWarning');
  const start = performance.now();
  expect(await run(lock)).toMatchObject({ code: 0 });
  const took = performance.now() - start;
  expect(took).toBeLessThan(2000);
  expect(warned).not.toHaveBeenCalled();
});

it('tells what is outdated, with sizes, also while a registry is down', async () => {
  await manifest(two);
  expect(await run(outdated)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('run `npm run lock`') as string,
  });
  await run(lock);
  expect(await run(outdated)).toMatchObject({
    code: 0,
    stdout: 'every locked tag means what it meant (asked for 1)\n',
  });
  await registry.retag('team/tag:1', 'team/other:1');
  const moved = await run(outdated);
  expect(moved.code).toBe(3);
  const cells = [small, other].map(({ digest }) => digest.slice(7, 19)).join(' +');
  expect(moved.stdout).toMatch(
    new RegExp(`^model +locked +registry now +size\nfast:latest +${cells} +\\d+ KB \\(\\+\\d+ KB\\)\n`),
  );
  expect(moved.stdout).toMatch(/`npm run lock -- --update fast:latest` accepts a move\n$/);
  const json = JSON.parse((await run(outdated, '--json')).stdout) as object;
  expect(json).toMatchObject({ asked: 1, moved: [{ name: 'fast:latest', now: { digest: other.digest } }] });
  await registry.stop();
  const down = await run(outdated);
  await registry.start();
  expect(down.code).toBe(1);
  expect(down.stdout).toMatch(
    /fast:latest +\w{12} +no answer\n.*! fast:latest: 127.* gives no team\/tag:1: connection refused/s,
  );
});

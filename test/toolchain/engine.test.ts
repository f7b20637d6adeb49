import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareEngine } from '../../toolchain/engine.js';
import { startCommand, startEngine } from '../../toolchain/engine-start.js';
import { engineAnswers, engineDouble } from './engine-double.js';
import { repository, temporaryWorkshop } from './workshop-fixture.js';

it('takes the engine that DOCKER_HOST names', async () => {
  await using engine = await engineDouble(engineAnswers('20.10.24+dfsg1'));
  await using workshop = await temporaryWorkshop({ env: { ...process.env, DOCKER_HOST: engine.host } });
  expect(await prepareEngine(workshop)).toEqual({ version: 'Docker 20.10.24', source: 'found', host: engine.host });
});

it.each(['unix:///nonexistent/docker.sock', 'tcp://127.0.0.1:1'])(
  'an engine that was named and does not answer is not replaced: %s',
  async (host) => {
    await using workshop = await temporaryWorkshop({ env: { ...process.env, DOCKER_HOST: host } });
    await expect(prepareEngine(workshop)).rejects.toMatchObject({
      code: 'engine-unreachable',
      message: `the Docker engine at ${host} (DOCKER_HOST) does not answer`,
      next: 'start that engine, or unset DOCKER_HOST',
    });
  },
);

it.each([
  [true, true, 'service', ['systemctl', 'start', 'docker']],
  [false, true, 'daemon', ['dockerd']],
  [true, false, 'service', ['sudo', 'systemctl', 'start', 'docker']],
  [false, false, 'daemon', ['sudo', '--background', 'dockerd']],
])('start with systemd %j as root %j', (systemd, root, kind, argv) => {
  expect(startCommand(systemd, root)).toEqual({ kind, argv });
});

it('an engine that ends at once shows why', async () => {
  await using workshop = await temporaryWorkshop();
  await writeFile(
    path.join(workshop.cache, 'dockerd'),
    '#!/bin/sh\necho "failed to start daemon: no iptables" >&2\nexit 1\n',
    { mode: 0o755 },
  );
  const own = { ...workshop, env: { PATH: `${workshop.cache}:${process.env.PATH}` } };
  await expect(startEngine(own, `unix://${workshop.cache}/docker.sock`, false)).rejects.toMatchObject({
    code: 'engine-start',
    message: expect.stringContaining('the Docker engine does not start'),
    original: 'failed to start daemon: no iptables',
  });
});

/** Bundled, because another user can neither read this repository nor its node_modules. */
describe('as a user without rights', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'as-nobody-'));
    await chmod(directory, 0o777);
    const entry = `
      import { prepareEngine } from './toolchain/engine.js';
      import { installPackages } from './toolchain/apt.js';
      import { openWorkshop } from './toolchain/workshop.js';
      const workshop = openWorkshop({ cache: process.argv[3], home: '.' });
      const work = process.argv[2] === 'install' ? installPackages(workshop, ['engine'], 'a Docker engine') : prepareEngine(workshop);
      work.catch(({ code, message, next }) => console.log(JSON.stringify({ code, message, next })));`;
    const outfile = path.join(directory, 'probe.mjs');
    const banner = {
      js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
    };
    const options = {
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      outfile,
      banner,
      logLevel: 'error',
    } as const;
    await build({ ...options, stdin: { contents: entry, resolveDir: repository, loader: 'ts' } });
    await writeFile(path.join(directory, 'package.json'), '{}');
  });
  afterAll(() => rm(directory, { recursive: true }));

  async function asNobody(what: string, env: NodeJS.ProcessEnv): Promise<unknown> {
    const argv = [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      process.execPath,
      'probe.mjs',
      what,
      path.join(directory, 'cache'),
    ];
    const { stdout } = await promisify(execFile)('setpriv', argv, {
      cwd: directory,
      env: { PATH: process.env.PATH, ...env },
    });
    return JSON.parse(stdout);
  }

  it('says how to get the right to use a socket', async () => {
    await using engine = await engineDouble(engineAnswers('20.10.24'));
    expect(await asNobody('engine', { DOCKER_HOST: engine.host })).toMatchObject({
      code: 'engine-permission',
      message: `no permission to use the Docker engine at ${engine.directory}/docker.sock`,
      next: expect.stringMatching(/usermod -aG docker.*as root.*rootless/),
    });
  });

  it('says exactly what to install when nobody can be asked', async () => {
    expect(await asNobody('install', {})).toEqual({
      code: 'missing-packages',
      message: 'a Docker engine is missing, and installing it takes root',
      next: 'sudo apt-get install ca-certificates docker.io iptables',
    });
  });
});

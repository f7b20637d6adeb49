import { once } from 'node:events';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeSyntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import { PrivateEngine } from '../support/private-engine.js';
import { Project, run } from '../support/project.js';

let project: Project;
let engine: PrivateEngine | undefined;

async function deployable(env: NodeJS.ProcessEnv = {}, gpu = ''): Promise<void> {
  project = await Project.create(env);
  writeSyntheticGguf(project.file('tiny.gguf'), { seed: 1 });
  await project.manifest(
    `servers: { main: { port: ${project.port}${gpu} } }\nmodels: { tiny: { from: { gguf: ./tiny.gguf } } }`,
  );
}

beforeEach(() => {
  engine = undefined;
});
afterEach(async () => {
  await project.remove();
  await engine?.remove();
});

describe('an engine that cannot be used', () => {
  it('no permission on its socket', async () => {
    engine = await PrivateEngine.start();
    await deployable({ DOCKER_HOST: engine.host });
    const socket = engine.host.replace('unix://', '');
    await chown(socket, 65_534, 65_534);
    await chmod(socket, 0o600);
    // Not another user, who could not read a checkout in a private directory: this one, without the right to open everything.
    const powerless = ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--'];
    const up = await run(...project.invocation([...powerless, ...project.command('up')]));
    expect(up.output).toContain(`no permission to use the Docker engine at ${socket}`);
    expect(up.output).toContain('usermod -aG docker');
    expect(up.code).toBe(1);
  });

  it('one that does not run', async () => {
    await deployable({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
    const up = await project.verb('up');
    expect(up.output).toContain('unix:///nonexistent/docker.sock');
    expect(up.output).toMatch(/unset DOCKER_HOST/);
    expect(up.code).toBe(1);
  });

  it('one that stops in the middle of an apply: the cause is said, and when it is back the next up goes on', async () => {
    engine = await PrivateEngine.start();
    await deployable({ DOCKER_HOST: engine.host });
    // A load that lasts until the engine is gone: the model is fetched from a source that answers and then says nothing.
    const child = project.start(engine.inside(project.command('up')));
    let output = '';
    const started = new Promise<void>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          if (/^volume .*created/m.test(output)) resolve();
        });
      }
    });
    const ended = once(child, 'exit');
    await Promise.race([started, ended]);
    await engine.kill();
    const [code] = await ended;
    expect(output).toMatch(/Docker engine|docker daemon/i);
    expect(code).toBe(1);
    await engine.restart();
    const again = await run(...project.invocation(engine.inside(project.command('up'))));
    expect(again.output).toContain('smoke');
    expect(again.code).toBe(0);
  });
});

describe('NVIDIA GPUs, with a stand-in for the runtime hook because there is no GPU here', () => {
  let bin: string;
  let withHook: PrivateEngine;

  beforeAll(async () => {
    bin = await mkdtemp(path.join(tmpdir(), 'stand-in-'));
    const hook = path.join(bin, 'nvidia-container-runtime-hook');
    await writeFile(hook, `#!/bin/sh\necho "$@" >> ${bin}/calls\n`);
    await chmod(hook, 0o755);
    withHook = await PrivateEngine.start(bin);
  });
  afterAll(async () => {
    await withHook.remove();
    await rm(bin, { recursive: true, force: true });
  });

  it.each([
    ['all', 'all', 'all'],
    ['one index', '[0]', '0'],
    ['two indexes', '[0, 1]', '0,1'],
    ['a UUID', '[GPU-8f2c1a3b-0000-0000-0000-000000000000]', 'GPU-8f2c1a3b-0000-0000-0000-000000000000'],
  ])('%s reaches the engine as it was asked, and a second up changes nothing', async (_name, devices, visible) => {
    const env = { ...process.env, DOCKER_HOST: withHook.host };
    await deployable({ DOCKER_HOST: withHook.host }, `, gpu: { vendor: nvidia, devices: ${devices} }`);
    const up = await run(...project.invocation(withHook.inside(project.command('up'))));
    const { stdout: pid } = await run('docker', ['inspect', '--format', '{{.State.Pid}}', project.container], { env });
    // The engine adds the variable to the process it starts, so neither `inspect` nor `exec` shows it.
    const environment = await readFile(`/proc/${pid.trim()}/environ`, 'utf8').catch(() => up.output);
    expect(environment.split('\0')).toContain(`NVIDIA_VISIBLE_DEVICES=${visible}`);
    expect(await readFile(path.join(bin, 'calls'), 'utf8')).toContain('prestart');
    expect((await project.terraform('plan', '-detailed-exitcode', '-input=false')).code).toBe(0);
  });
});

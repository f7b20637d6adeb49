import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker, Project } from '../support/project.js';
import { writeSyntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';

const server = (project: Project, more = '') => `servers: { main: { port: ${project.port}${more} } }`;
const tiny = (name: string, file: string) => `models: { ${name}: { from: { gguf: ./${file} } } }`;

/** The life of one deployment, in order: each step starts from what the one before left. */
describe('one deployment from first up to down', () => {
  let project: Project;
  let firstId: string;

  beforeAll(async () => {
    project = await Project.create();
    writeSyntheticGguf(project.file('a.gguf'), { seed: 1 });
    writeSyntheticGguf(project.file('b.gguf'), { seed: 2 });
  });
  afterAll(() => project.remove());

  it('up starts the server, loads the model, smokes it and tells how to reach it', async () => {
    await project.manifest(`${server(project)}\n${tiny('tiny', 'a.gguf')}`);
    const up = await project.verb('up');
    expect(up.output).toContain(project.url);
    expect(up.code).toBe(0);
    const curl = /curl .*/.exec(up.stdout)?.[0];
    expect(curl).toBeDefined();
    const answer = await fetch(`${project.url}/api/generate`, {
      method: 'POST',
      body: JSON.stringify({ model: 'tiny', prompt: 'hello', stream: false, options: { num_predict: 4 } }),
    });
    expect(await answer.json()).toMatchObject({ done: true, model: 'tiny' });
    firstId = await docker('inspect', '--format', '{{.Id}}', project.container);
  });

  it('a second up changes nothing and says so, and Terraform agrees', async () => {
    const up = await project.verb('up');
    expect(up.output).toMatch(/nothing to do|no changes/i);
    expect(up.code).toBe(0);
    expect(await docker('inspect', '--format', '{{.Id}}', project.container)).toBe(firstId);
    const plan = await project.terraform('plan', '-detailed-exitcode', '-input=false', '-no-color');
    expect(plan.output).toContain('No changes');
    expect(plan.code).toBe(0);
    expect((await project.verb('plan')).code).toBe(0);
  });

  it('plan tells a changed setting in words and exits 3; up replaces the container and keeps the model', async () => {
    await project.manifest(`${server(project, ', context_length: 2048')}\n${tiny('tiny', 'a.gguf')}`);
    const plan = await project.verb('plan');
    expect(plan.stdout).toMatch(/main/);
    expect(plan.stdout).toMatch(/context.length.*2048/i);
    expect(plan.code).toBe(3);
    const up = await project.verb('up');
    expect(up.code).toBe(0);
    const env = await docker('inspect', '--format', '{{json .Config.Env}}', project.container);
    expect(env).toContain('OLLAMA_CONTEXT_LENGTH=2048');
    expect(await docker('inspect', '--format', '{{.Id}}', project.container)).not.toBe(firstId);
    const tags = (await (await fetch(`${project.url}/api/tags`)).json()) as { models: { name: string }[] };
    expect(tags.models.map((model) => model.name)).toEqual(['tiny:latest']);
  });

  it('a memory limit is set, changed in place and taken away again, and each time nothing is left to do', async () => {
    const ids: string[] = [];
    for (const [memory, bytes] of [
      [', memory: 2GiB', 2 * 2 ** 30],
      [', memory: 3GiB', 3 * 2 ** 30],
      ['', 0],
    ] as const) {
      await project.manifest(`${server(project, `, context_length: 2048${memory}`)}\n${tiny('tiny', 'a.gguf')}`);
      expect((await project.verb('up')).code).toBe(0);
      expect(await docker('inspect', '--format', '{{.HostConfig.Memory}}', project.container)).toBe(String(bytes));
      expect((await project.verb('plan')).code).toBe(0);
      ids.push(await docker('inspect', '--format', '{{.Id}}', project.container));
    }
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('a changed model is loaded again without touching the container', async () => {
    const digest = async () =>
      ((await (await fetch(`${project.url}/api/tags`)).json()) as { models: { digest: string }[] }).models[0]?.digest;
    const [id, before] = [await docker('inspect', '--format', '{{.Id}}', project.container), await digest()];
    await project.manifest(`${server(project, ', context_length: 2048')}\n${tiny('tiny', 'b.gguf')}`);
    expect((await project.verb('up')).code).toBe(0);
    expect(await digest()).not.toBe(before);
    expect(await docker('inspect', '--format', '{{.Id}}', project.container)).toBe(id);
  });

  it('a file written anew under its old name is noticed by plan and loaded by up', async () => {
    const digests = async () =>
      ((await (await fetch(`${project.url}/api/tags`)).json()) as { models: { digest: string }[] }).models;
    const [before] = await digests();
    writeSyntheticGguf(project.file('b.gguf'), { seed: 3 });
    const plan = await project.verb('plan');
    expect(plan.stdout).toMatch(/~ model tiny:latest.*its file changed/);
    expect(plan.code).toBe(3);
    expect((await project.verb('up')).code).toBe(0);
    expect((await digests())[0]?.digest).not.toBe(before?.digest);
    expect((await project.verb('plan')).code).toBe(0);
  });

  it('a model removed by hand is brought back', async () => {
    await fetch(`${project.url}/api/delete`, { method: 'DELETE', body: JSON.stringify({ model: 'tiny' }) });
    expect((await project.verb('up')).code).toBe(0);
    const tags = (await (await fetch(`${project.url}/api/tags`)).json()) as { models: { name: string }[] };
    expect(tags.models.map((model) => model.name)).toEqual(['tiny:latest']);
  });

  it.each([
    ['killed', ['kill']],
    ['stopped', ['stop', '-t', '1']],
    ['removed', ['rm', '-f']],
  ])('a container %s by hand is repaired by the next up', async (_word, command) => {
    await docker(...command, project.container);
    const up = await project.verb('up');
    expect(up.code).toBe(0);
    expect(await docker('inspect', '--format', '{{.State.Running}}', project.container)).toBe('true');
    expect((await project.terraform('plan', '-detailed-exitcode', '-input=false')).code).toBe(0);
  });

  it('status, logs and smoke report on it', async () => {
    const status = await project.verb('status', '--json');
    expect(status.code).toBe(0);
    expect(status.stdout).toContain(project.container);
    expect((await project.verb('logs', 'main', '--tail', '5')).output.length).toBeGreaterThan(0);
    const smoke = await project.verb('smoke', '--json', '--junit', project.file('smoke.xml'));
    expect(smoke.code).toBe(0);
    expect(JSON.parse(smoke.stdout)).toBeTruthy();
  });

  it('the server is closed and hardened as design §5 says', async () => {
    const [inspected] = JSON.parse(await docker('inspect', project.container));
    expect(inspected.HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      PortBindings: { '11434/tcp': [{ HostIp: '127.0.0.1', HostPort: String(project.port) }] },
    });
    expect(inspected.Config.Env).toEqual(expect.arrayContaining(['OLLAMA_NO_CLOUD=1', 'NVIDIA_VISIBLE_DEVICES=void']));
  });

  it('down removes the container and keeps the store; the next up finds the model there', async () => {
    const down = await project.verb('down');
    expect(down.output).toContain(project.volume);
    expect(down.code).toBe(0);
    expect(await docker('ps', '-aq', '--filter', `name=^${project.container}$`)).toBe('');
    expect(await docker('volume', 'ls', '-q', '--filter', `name=^${project.volume}$`)).toBe(project.volume);
    const up = await project.verb('up');
    expect(up.code).toBe(0);
    expect(up.output).not.toContain('uploading');
  });

  it('down --volumes wants a yes and then removes the store too', async () => {
    const asked = await project.verb('down', '--volumes');
    expect(asked.code).not.toBe(0);
    expect(asked.output).toContain('--yes');
    expect(await docker('volume', 'ls', '-q', '--filter', `name=^${project.volume}$`)).toBe(project.volume);
    expect((await project.verb('down', '--volumes', '--yes')).code).toBe(0);
    expect(await docker('volume', 'ls', '-q', '--filter', `name=^${project.volume}$`)).toBe('');
  });
});

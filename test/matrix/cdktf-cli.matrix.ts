import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSyntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import { docker, Project } from '../support/project.js';

/** cdktf-cli and our verbs on one deployment and one state, each going on from what the other left. */
describe('cdktf deploy, diff and destroy', () => {
  let project: Project;

  beforeAll(async () => {
    project = await Project.create();
    writeSyntheticGguf(project.file('tiny.gguf'), { seed: 1 });
    await project.manifest(
      `servers: { main: { port: ${project.port} } }\nmodels: { tiny: { from: { gguf: ./tiny.gguf } } }`,
    );
    await project.useCdktf();
  });
  afterAll(() => project.remove());

  it('deploy brings up the server and loads the model', async () => {
    const deploy = await project.verb('cdktf', 'deploy', '--auto-approve');
    expect(deploy.output).toContain('tiny');
    expect(deploy.code).toBe(0);
    const smoke = await project.verb('smoke');
    expect(smoke.code).toBe(0);
  });

  it('our up finds nothing to do, and diff neither', async () => {
    const id = await docker('inspect', '--format', '{{.Id}}', project.container);
    const up = await project.verb('up');
    expect(up.output).toMatch(/nothing to do/i);
    expect(await docker('inspect', '--format', '{{.Id}}', project.container)).toBe(id);
    const diff = await project.verb('cdktf', 'diff');
    expect(diff.output).toMatch(/No changes/);
    expect(diff.code).toBe(0);
  });

  it('destroy removes the server and keeps the store', async () => {
    const destroy = await project.verb('cdktf', 'destroy', '--auto-approve');
    expect(destroy.code).toBe(0);
    expect(await docker('ps', '-aq', '--filter', `name=^${project.container}$`)).toBe('');
    expect(await docker('volume', 'ls', '-q', '--filter', `name=^${project.volume}$`)).toBe(project.volume);
  });
});

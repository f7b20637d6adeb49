import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseProject, projectKey, readProject } from '../../../scripts/shell/project.js';

const text = 'version: 1\nproject: p\nimage: ollama/ollama:${TAG:-0.34.0}\nservers: { main: {} }\n';
const base = { file: 'models.yaml', text };

describe('projectKey', () => {
  it('stays when nothing it is made of changes, other variables included', () => {
    expect(projectKey(base, { TAG: '1', OTHER: 'a' })).toBe(projectKey(base, { TAG: '1', OTHER: 'b' }));
  });
  it.each([
    ['the text', { ...base, text: `${text}# more` }, { TAG: '1' }],
    ['the profile', { ...base, profile: 'ci' }, { TAG: '1' }],
    ['the file', { ...base, file: 'other.yaml' }, { TAG: '1' }],
    ['a variable it names', base, { TAG: '2' }],
    ['a variable that is gone', base, {}],
  ])('changes with %s', (_case, project, env) => {
    expect(projectKey(project, env)).not.toBe(projectKey(base, { TAG: '1' }));
  });
});

describe('readProject and parseProject', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'scripts-project-'));
    await writeFile(path.join(directory, 'good.yaml'), text);
    await writeFile(path.join(directory, 'bad.yaml'), 'version: 1\nserver: {}\n');
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('takes file and profile from the flags, else from the environment', async () => {
    const file = path.join(directory, 'good.yaml');
    const env = { OLLAMA_STACKS_FILE: file, OLLAMA_STACKS_PROFILE: 'ci' };
    expect(await readProject({}, env)).toMatchObject({ file, profile: 'ci' });
    expect(await readProject({ file, profile: 'gpu' }, { OLLAMA_STACKS_FILE: 'nowhere' })).toMatchObject({
      profile: 'gpu',
    });
  });

  it('names the file that is missing and says what to do', async () => {
    await expect(readProject({ file: path.join(directory, 'none.yaml') }, {})).rejects.toThrow(
      /none\.yaml: there is no such file/,
    );
  });

  it('throws every diagnostic of a manifest, with its place', async () => {
    const file = path.join(directory, 'bad.yaml');
    await expect(readProject({ file }, {}).then((project) => parseProject(project, {}))).rejects.toThrow(
      /bad\.yaml:2:1 server: unknown key/,
    );
  });
});

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { repository } from '../support/project.js';
import { readManifest, readTerraformJson, synthesizeIn } from './synthesis.js';
import { RealTerraform } from './terraform.js';

let terraform: RealTerraform;
// A bare machine builds the provider first.
beforeAll(async () => {
  terraform = await RealTerraform.prepare();
}, 900_000);

it.each([
  ['models.yaml'],
  ...readdirSync(path.join(repository, 'examples')).map((name) => [`examples/${name}/models.yaml`]),
])('the real Terraform plans %s with the real provider', { timeout: 60_000 }, async (file) => {
  const project = mkdtempSync(path.join(tmpdir(), 'ollama-stacks-plan-'));
  try {
    const stackDir = synthesizeIn(project, readManifest(path.join(repository, file)));
    const resources = Object.values(readTerraformJson(stackDir).resource).flatMap((all) => Object.keys(all));
    expect(await terraform.planOffline(stackDir)).toEqual({
      add: resources.length,
      change: 0,
      remove: 0,
      diagnostics: [],
    });
  } finally {
    rmSync(project, { recursive: true });
  }
});

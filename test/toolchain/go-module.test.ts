import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { goBuildArguments } from '../../toolchain/go-module.js';
import { ollamaProgram } from '../../toolchain/ollama-build.js';
import { ollamaVersions } from '../../toolchain/ollama-versions.js';
import { openTofu } from '../../toolchain/opentofu.js';
import { provider } from '../../toolchain/provider.js';
import { repository } from './workshop-fixture.js';

it('builds from the pinned files only', () => {
  const argv = goBuildArguments(provider, 'out').join(' ');
  expect(argv).toBe(
    'build -mod=readonly -trimpath -buildvcs=false -tags no_compose -ldflags=-s -w -X=main.version=4.6.0 -o out ' +
      'github.com/terraform-providers/terraform-provider-docker',
  );
});

describe.each([provider, openTofu, ...Object.keys(ollamaVersions).map(ollamaProgram)])('$recipe', (program) => {
  it('requires its module and pins the hash of its source', async () => {
    const directory = path.join(repository, 'toolchain', 'go', program.recipe);
    const mod = await readFile(path.join(directory, 'go.mod'), 'utf8');
    const sum = await readFile(path.join(directory, 'go.sum'), 'utf8');
    const [, version = ''] = /^require github\.com\/\S+ (v\S+)$/m.exec(mod) ?? [];
    const [, replaced] = /^replace \S*docker => \S+ (v\S+)$/m.exec(mod) ?? [];
    expect(sum).toMatch(new RegExp(` ${(replaced ?? version).replaceAll('.', '\\.')} h1:`));
  });
});

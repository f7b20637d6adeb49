import path from 'node:path';
import type { Resolved } from '../manifest/resolved.js';
import { built } from './cache.js';
import { prepareGo } from './go.js';
import { buildGoProgram, goRecipe, type GoProgram } from './go-module.js';
import type { Workshop } from './workshop.js';

const version = '1.11.5';

/** OpenTofu as its own release builds it; go.mod carries its `hcl` fork, because a dependency's `replace` has no effect. */
export const openTofu: GoProgram = {
  recipe: 'opentofu',
  main: 'github.com/opentofu/opentofu/cmd/tofu',
  variables: { 'github.com/opentofu/opentofu/version.dev': 'no' },
  cgo: false,
};

/** OpenTofu built from its Go module, or the one built before. */
export async function buildOpenTofu(workshop: Workshop): Promise<Resolved['terraform']> {
  const key = { name: `opentofu-${version}`, recipe: await goRecipe(workshop, openTofu) };
  const result = await built(workshop, key, async (into) => {
    const go = await prepareGo(workshop);
    await buildGoProgram(workshop, go, openTofu, {
      scratch: path.join(into, 'module'),
      output: path.join(into, 'tofu'),
    });
  });
  const source = result.built ? 'built (none on PATH)' : 'built earlier';
  return { version: `OpenTofu ${version}`, source, path: path.join(result.directory, 'tofu') };
}

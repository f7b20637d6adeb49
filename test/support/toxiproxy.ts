import path from 'node:path';
import { built } from '../../toolchain/cache.js';
import { buildGoProgram, goRecipe, type GoProgram } from '../../toolchain/go-module.js';
import { prepareGo } from '../../toolchain/go.js';
import { openWorkshop } from '../../toolchain/workshop.js';
import { repository } from './project.js';

const program: GoProgram = {
  recipe: 'toxiproxy',
  main: 'github.com/Shopify/toxiproxy/v2/cmd/server',
  variables: {},
  cgo: false,
};

/** Opened before a test can give the loader a cache of its own by the environment. */
const workshop = openWorkshop({ home: repository });

/** Path of Shopify's `toxiproxy-server`, built from its Go module into the user's cache when it is not there yet. */
export async function toxiproxy(): Promise<string> {
  const key = { name: 'toxiproxy-2.5.0', recipe: await goRecipe(workshop, program) };
  const { directory } = await built(workshop, key, async (into) => {
    const go = await prepareGo(workshop);
    const [scratch, output] = [path.join(into, 'module'), path.join(into, 'toxiproxy-server')];
    await buildGoProgram(workshop, go, program, { scratch, output });
  });
  return path.join(directory, 'toxiproxy-server');
}

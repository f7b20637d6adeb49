import { existsSync } from 'node:fs';
import { copyFile, link, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Resolved } from '../manifest/resolved.js';
import { built, cachePath } from './cache.js';
import { prepareGo } from './go.js';
import { buildGoProgram, goRecipe, type GoProgram } from './go-module.js';
import {
  mirrorConfiguration,
  mirrorFiles,
  platform,
  providerVersion as version,
  registries,
} from './provider-mirror.js';
import { ToolchainProblem } from './problem.js';
import { answers } from './registry.js';
import { isOpenTofu } from './terraform.js';
import type { Workshop } from './workshop.js';

const name = `kreuzwerker/docker ${version}`;

/** The module keeps the path of its first home, so go.mod replaces that by kreuzwerker's. */
export const provider: GoProgram = {
  recipe: 'provider',
  main: 'github.com/terraform-providers/terraform-provider-docker',
  tags: 'no_compose',
  variables: { 'main.version': version },
  cgo: false,
};

/**
 * The docker provider: from a mirror that the user names (`OLLAMA_STACKS_PROVIDER_MIRROR`, or a CLI configuration with
 * `provider_installation`), the registry, or built from its Go module into a mirror in the cache.
 * @throws ToolchainProblem `provider-mirror` when the named directory does not hold it
 */
export async function prepareProvider(
  workshop: Workshop,
  terraform: Resolved['terraform'],
): Promise<Resolved['provider']> {
  const mirror = workshop.env.OLLAMA_STACKS_PROVIDER_MIRROR;
  if (mirror) return namedMirror(workshop, path.resolve(mirror));
  const own = await ownInstallation(workshop.env);
  if (own) return { version: 'kreuzwerker/docker ~> 4.6', source: `from ${own}` };
  const registry = registries[isOpenTofu(terraform) ? 1 : 0];
  if (await answers(`https://${registry}/.well-known/terraform.json`)) {
    return { version: 'kreuzwerker/docker ~> 4.6', source: 'Terraform registry' };
  }
  return buildProvider(workshop);
}

/** The provider built from its Go module, or the one built before, in a mirror with its CLI configuration. */
async function buildProvider(workshop: Workshop): Promise<Resolved['provider']> {
  const key = { name: `provider-${version}`, recipe: await goRecipe(workshop, provider) };
  const result = await built(workshop, key, async (into) => {
    const [first = '', second = ''] = mirrorFiles(path.join(into, 'mirror'));
    await Promise.all([first, second].map((file) => mkdir(path.dirname(file), { recursive: true })));
    const go = await prepareGo(workshop);
    await buildGoProgram(workshop, go, provider, { scratch: path.join(into, 'module'), output: first });
    await link(first, second).catch(() => copyFile(first, second));
    await writeFile(
      path.join(into, 'terraform.rc'),
      mirrorConfiguration(path.join(cachePath(workshop, key), 'mirror')),
    );
  });
  const source = result.built ? 'built (no registry answered)' : 'built earlier (no registry answered)';
  return { version: name, source, cliConfig: path.join(result.directory, 'terraform.rc') };
}

async function namedMirror(workshop: Workshop, root: string): Promise<Resolved['provider']> {
  const [expected = ''] = mirrorFiles(root);
  if (!mirrorFiles(root).some((file) => existsSync(file))) {
    const next = `put the provider at ${expected}, or unset OLLAMA_STACKS_PROVIDER_MIRROR`;
    throw new ToolchainProblem('provider-mirror', `${root} holds no ${name} for ${platform()}`, next);
  }
  const { directory } = await built(workshop, { name: 'mirror', recipe: [root] }, (into) =>
    writeFile(path.join(into, 'terraform.rc'), mirrorConfiguration(root)),
  );
  return { version: name, source: `mirror ${root}`, cliConfig: path.join(directory, 'terraform.rc') };
}

/** The user's own CLI configuration, where it says where providers come from. */
async function ownInstallation(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const home = env.HOME ?? homedir();
  const files = env.TF_CLI_CONFIG_FILE
    ? [env.TF_CLI_CONFIG_FILE]
    : ['.terraformrc', '.tofurc'].map((file) => path.join(home, file));
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (/^\s*provider_installation\b/m.test(text)) return file;
  }
  return undefined;
}

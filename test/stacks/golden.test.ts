import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readManifest, terraformJson, type TerraformJson } from './synthesis.js';

const repository = path.resolve(import.meta.dirname, '../..');
const examples = readdirSync(path.join(repository, 'examples'));

it.each([
  ['shipped', 'models.yaml', undefined],
  ...examples.map((name) => [name, `examples/${name}/models.yaml`, undefined] as const),
  ['profiles-ci', 'examples/profiles/models.yaml', 'ci'],
] as const)('%s synthesizes what was reviewed', async (name, file, profile) => {
  const json = terraformJson(readManifest(path.join(repository, file), profile));
  await expect(`${JSON.stringify(withoutNoise(json), undefined, 2)}\n`).toMatchFileSnapshot(
    path.join(repository, 'test', 'golden', `${name}.tf.json`),
  );
});

/** Without what cdktf writes about itself: its version, and the path of each construct. */
function withoutNoise(json: TerraformJson): unknown {
  return JSON.parse(JSON.stringify(json, (key, value: unknown) => (key === '//' ? undefined : value)));
}

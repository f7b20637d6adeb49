import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { findTerraform, isNewEnough } from '../../toolchain/terraform.js';
import { temporaryWorkshop } from './workshop-fixture.js';

it.each([
  ['1.1.4', false],
  ['1.1.5', true],
  ['1.11.4', true],
  ['0.15.9', false],
  ['2.0.0', true],
])('%s new enough: %j', (version, expected) => {
  expect(isNewEnough(version)).toBe(expected);
});

/** A double of a binary on PATH that says a version. */
async function binary(directory: string, name: string, says: string): Promise<void> {
  await writeFile(path.join(directory, name), `#!/bin/sh\necho '${says}'\n`);
  await chmod(path.join(directory, name), 0o755);
}

async function find(binaries: Record<string, string>) {
  await using workshop = await temporaryWorkshop();
  for (const [name, says] of Object.entries(binaries)) await binary(workshop.cache, name, says);
  // awaited here, because the directory goes away at the end of this function
  return await findTerraform({ ...workshop, env: { PATH: workshop.cache } });
}

it.each<[Record<string, string>, string, string]>([
  [{ terraform: 'Terraform v1.11.4' }, 'terraform', '1.11.4'],
  [{ tofu: 'OpenTofu v1.11.5' }, 'tofu', 'OpenTofu 1.11.5'],
  [{ terraform: 'Terraform v1.0.0', tofu: 'OpenTofu v1.10.0' }, 'tofu', 'OpenTofu 1.10.0'],
])('%j: takes %s', async (binaries, name, version) => {
  expect(await find(binaries)).toEqual({
    version,
    source: 'found',
    path: expect.stringMatching(new RegExp(`/${name}$`)),
  });
});

it.each<Record<string, string>>([{ terraform: 'Terraform v1.0.0' }, { terraform: 'no such thing' }, {}])(
  '%j: takes none',
  async (binaries) => {
    expect(await find(binaries)).toBeUndefined();
  },
);

it.each([
  ['tofu', 'terraform-old', 'tofu 1.0.0 is older than 1.1.5'],
  ['nothing', 'terraform-missing', 'nothing is not on PATH'],
])('a binary that the user names is not replaced: %s', async (name, code, message) => {
  await using workshop = await temporaryWorkshop();
  await binary(workshop.cache, 'tofu', 'OpenTofu v1.0.0');
  await binary(workshop.cache, 'terraform', 'Terraform v1.11.4');
  const own = { ...workshop, env: { PATH: workshop.cache, TERRAFORM_BINARY_NAME: name } };
  await expect(findTerraform(own)).rejects.toMatchObject({ code, message });
});

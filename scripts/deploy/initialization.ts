import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Resolved } from '../../manifest/resolved.js';
import { Failure } from '../shell/problem.js';
import type { SynthesizedStack } from './synthesized-stack.js';
import { runTerraform, type Terraform, terraformArguments } from './terraform.js';
import { explainTerraformError } from './terraform-errors.js';

/** Lies in `.terraform`, so that it goes when somebody removes that; says what the last `init` was for. */
const markerFile = (directory: string): string => path.join(directory, '.terraform', 'ollama-stacks-init');

/** Runs `terraform init` unless the last one was for the same providers, backend and Terraform. */
export async function ensureInitialized(
  terraform: Terraform,
  stack: SynthesizedStack,
  resolved: Resolved,
): Promise<void> {
  const wanted = createHash('sha256')
    .update(JSON.stringify([stack.terraform, resolved.terraform, resolved.provider]))
    .digest('hex');
  const marker = markerFile(terraform.directory);
  if ((await readFile(marker, 'utf8').catch(() => '')) === wanted) return;
  await initialize(terraform);
  await writeFile(marker, wanted);
}

/** Forgets the last `init`, so that the next `ensureInitialized` runs one. */
export async function forgetInitialization({ directory }: Terraform): Promise<void> {
  await rm(markerFile(directory), { force: true });
}

async function initialize(terraform: Terraform): Promise<void> {
  // It pins the provider that an earlier toolchain had; the stack's own constraint is what counts.
  await rm(path.join(terraform.directory, '.terraform.lock.hcl'), { force: true });
  const { code, stdout, stderr } = await runTerraform(terraform, terraformArguments.init);
  if (code === 0) return;
  const finding = explainTerraformError({ summary: stderr.trim() || stdout.trim(), detail: '' });
  throw new Failure([
    { ...finding, code: 'init', message: 'terraform could not get its provider', next: 'npm run doctor' },
  ]);
}

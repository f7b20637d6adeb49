import { which } from 'zx';
import type { Resolved } from '../manifest/resolved.js';
import { run } from './command.js';
import { buildOpenTofu } from './opentofu.js';
import { ToolchainProblem } from './problem.js';
import type { Workshop } from './workshop.js';

/** The first version that speaks protocol 6 well enough for the provider (its docs/v3_v4_migration.md). */
const oldest = [1, 1, 5] as const;

/**
 * Terraform or OpenTofu on PATH (`TERRAFORM_BINARY_NAME`, cdktf's own variable, names another one), undefined where
 * there is none that is new enough.
 * @throws ToolchainProblem `terraform-missing` or `terraform-old` for one that the user named
 */
export async function findTerraform(workshop: Workshop): Promise<Resolved['terraform'] | undefined> {
  const named = workshop.env.TERRAFORM_BINARY_NAME;
  for (const name of named ? [named] : ['terraform', 'tofu']) {
    const found = await which(name, { nothrow: true, path: workshop.env.PATH ?? '' });
    const version = found ? await versionOf(workshop, found) : undefined;
    if (found && version && isNewEnough(version.number)) return { version: version.text, source: 'found', path: found };
    if (!named) continue;
    const problem = version
      ? `${named} ${version.number} is older than ${oldest.join('.')}`
      : `${named} is not on PATH`;
    throw new ToolchainProblem(
      version ? 'terraform-old' : 'terraform-missing',
      problem,
      'change TERRAFORM_BINARY_NAME, or unset it',
    );
  }
  return undefined;
}

/** Terraform or OpenTofu: found, else OpenTofu built from its Go module. */
export async function prepareTerraform(workshop: Workshop): Promise<Resolved['terraform']> {
  return (await findTerraform(workshop)) ?? buildOpenTofu(workshop);
}

async function versionOf(workshop: Workshop, binary: string): Promise<{ number: string; text: string } | undefined> {
  const first = await run(workshop, [binary, 'version'], { env: { CHECKPOINT_DISABLE: '1' } }).catch(() => '');
  const [, product, number] = /^(Terraform|OpenTofu) v(\d+\.\d+\.\d+)/.exec(first) ?? [];
  if (product === undefined || number === undefined) return undefined;
  return { number, text: product === 'Terraform' ? number : `OpenTofu ${number}` };
}

/** Whether a version (`1.11.4`) is at least 1.1.5. */
export function isNewEnough(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, least] of oldest.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** Whether a resolved binary is OpenTofu, which has a registry of its own. */
export function isOpenTofu({ version }: Resolved['terraform']): boolean {
  return version.startsWith('OpenTofu');
}

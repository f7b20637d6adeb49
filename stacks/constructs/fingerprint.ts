import { createHash } from 'node:crypto';

/** Changes when a plan changes; what Terraform keeps in place of the plan. */
export function fingerprint(plan: unknown): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex');
}

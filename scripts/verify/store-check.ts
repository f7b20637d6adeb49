import type { LoadPlan } from '../../manifest/load-plan.js';
import { badBlobs, type BlobRepair } from '../../ollama/repair.js';
import type { Unloaded } from '../../ollama/repair-memory.js';
import type { VerificationFinding, VerifiedStore } from '../../ollama/verification.js';

/** What `verify` found in one store, and what it did about it. */
export interface StoreCheck {
  readonly plan: LoadPlan;
  readonly verified: VerifiedStore;
  /** Empty without `--repair`. */
  readonly repairs: readonly BlobRepair[];
  readonly unloaded: readonly Unloaded[];
  /** Milliseconds that reading took. */
  readonly ms: number;
}

/** The findings that are still true. */
export function openFindings({ verified, repairs }: StoreCheck): VerificationFinding[] {
  const mended = new Set<VerificationFinding>(
    repairs.filter(({ action }) => action === 'fetched' || action === 'removed').map(({ finding }) => finding),
  );
  return verified.findings.filter((finding) => !mended.has(finding));
}

/** What to do about what is left, in words; undefined when nothing is. */
export function nextStep(checks: readonly StoreCheck[]): string | undefined {
  const untried = checks.some(({ verified, repairs }) => repairs.length === 0 && badBlobs(verified).length > 0);
  if (untried) return '`npm run verify -- --repair` fetches the bad blobs again';
  const repairs = checks.flatMap((check) => check.repairs);
  if (repairs.some(({ action }) => action === 'failed')) {
    return 'mend the causes above and repair again, or remove these models (`ollama rm`) and run `npm run up`';
  }
  if (checks.some((check) => openFindings(check).length > 0)) return '`npm run up` loads these models anew';
  return undefined;
}

/** For `--json`: sizes in bytes, times in milliseconds. */
export function checkJson(check: StoreCheck): object {
  const { plan, verified, repairs, unloaded, ms } = check;
  const { inventory, hashing, findings, unreferenced } = verified;
  return {
    store: plan.store,
    models: inventory.models.length,
    blobs: hashing.blobs.length,
    bytes: hashing.blobs.reduce((sum, { bytes }) => sum + bytes, 0),
    ms: Math.round(ms),
    findings,
    unreferenced: unreferenced.map(({ digest, bytes }) => ({ digest, bytes })),
    partial: hashing.partial,
    repairs: repairs.map(({ finding, ...rest }) => ({
      digest: finding.digest,
      models: finding.models,
      ...('error' in rest ? { action: rest.action, error: rest.error.text } : rest),
    })),
    unloaded,
    sound: openFindings(check).length === 0,
  };
}

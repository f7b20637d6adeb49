import { modelsByKey } from '../manifest/declaration.js';
import type { LoadPlan } from '../manifest/load-plan.js';
import { LockExpectations, lockedPlan } from './load-lock.js';
import { withStoreContainer, type DockerOptions } from './store-container.js';
import { readInventory } from './store-inventory.js';
import { judgeStore, type VerifiedStore } from './verification.js';
import { hashBlobs, type OnHashed } from './verification-hashing.js';

/**
 * Hashes everything in the store of a plan, in a container of its own: what is read counts against neither the memory
 * nor the processor time of the servers. `image` is one that the engine has. Rejects with `LoadError`.
 */
export async function verifyStore(
  plan: LoadPlan,
  image: string,
  onHashed: OnHashed,
  options: DockerOptions = {},
): Promise<VerifiedStore> {
  const work = async (container: string): Promise<VerifiedStore> => {
    const before = await readInventory(container, options);
    const hashing = await hashBlobs(container, onHashed, options);
    const verified = judgeStore(before, hashing, lockedDigests(plan));
    if (!verified.findings.some(({ kind }) => kind === 'missing' || kind === 'unreadable')) return verified;
    // A model may have been removed since its manifest was read.
    const after = await readInventory(container, options);
    const there = hashing.blobs.filter(({ digest, actual }) => actual !== undefined || after.blobs.has(digest));
    return judgeStore(after, { ...hashing, blobs: there }, lockedDigests(plan));
  };
  return withStoreContainer({ store: plan.store, image }, work, options);
}

/** By model name: the digest that the store must show. */
function lockedDigests(plan: LoadPlan): ReadonlyMap<string, string> {
  const declared = modelsByKey(plan.models);
  const locked = new Map(plan.models.map((model) => [model, lockedPlan(model, declared)]));
  const expectations = new LockExpectations(plan, declared, locked);
  return new Map(
    plan.models.flatMap((model) => {
      const digest = expectations.storedDigest(model);
      return digest === undefined ? [] : [[model.name, digest] as const];
    }),
  );
}

import { modelNameKey } from '../manifest/model-ref.js';
import type { StoredManifest, StoreInventory } from './store-inventory.js';

/** Bytes that some models of a store take; a layer that several of them have counts once. */
export function bytesOf(names: readonly string[], { models, blobs }: StoreInventory): number {
  return sum(digestsOf(among(names, models)), blobs);
}

/** Bytes that removing some models frees: of their blobs, those that no other model has. */
export function freedBy(names: readonly string[], { models, blobs }: StoreInventory): number {
  const removed = among(names, models);
  const kept = digestsOf(models.filter((model) => !removed.includes(model)));
  const freed = [...digestsOf(removed)].filter((digest) => !kept.has(digest));
  return sum(freed, blobs);
}

/** Names of the models that have each blob, by digest. */
export function usersOf(models: readonly StoredManifest[]): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const { name, layers } of models) {
    for (const digest of new Set(layers.map((layer) => layer.digest))) {
      const known = users.get(digest);
      if (known === undefined) users.set(digest, [name]);
      else known.push(name);
    }
  }
  return users;
}

function among(names: readonly string[], models: readonly StoredManifest[]): readonly StoredManifest[] {
  const keys = new Set(names.map(modelNameKey));
  return models.filter(({ name }) => keys.has(modelNameKey(name)));
}

function digestsOf(models: readonly StoredManifest[]): Set<string> {
  return new Set(models.flatMap(({ layers }) => layers.map(({ digest }) => digest)));
}

/** Of blobs that are in the store. */
function sum(digests: Iterable<string>, blobs: StoreInventory['blobs']): number {
  return [...digests].reduce((total, digest) => total + (blobs.get(digest) ?? 0), 0);
}

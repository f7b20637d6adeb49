import { stat } from 'node:fs/promises';
import path from 'node:path';
import { diskReserve, negligible } from '../manifest/model-plan-totals.js';
import { formatBytes } from '../manifest/units.js';
import type { LoadAttempt } from './load-attempt.js';
import { LoadError } from './load-error.js';
import type { LoadModelStep } from './load-step.js';
import type { RegistryReader } from './registry-client.js';
import type { StoreInventory } from './store-inventory.js';

/** Bytes of one blob that is to come; `digest` is absent where nothing tells it. */
export interface ComingBlob {
  readonly digest?: string;
  readonly bytes: number;
}

export interface DiskRoomContext {
  readonly store: string;
  readonly root: string;
  readonly reader: () => Promise<RegistryReader>;
  readonly readInventory: () => Promise<StoreInventory>;
  readonly signal: AbortSignal;
}

/**
 * Throws `LoadError` when the disk of the engine has not the room for what is to be fetched, before anything is. Sizes
 * that nobody knows beforehand count as nothing, and an engine that does not tell its room is taken at Ollama's word.
 */
export async function ensureRoom(steps: readonly LoadModelStep[], context: DiskRoomContext): Promise<void> {
  const coming = (await Promise.all(steps.map((step) => comingBlobs(step, context)))).flat();
  if (missingBytes(coming, new Map()) < negligible) return;
  const inventory = await context.readInventory().catch(() => undefined);
  context.signal.throwIfAborted();
  if (inventory === undefined) return;
  const shortage = shortageOf(missingBytes(coming, inventory.blobs), inventory.free, context.store);
  if (shortage !== undefined) throw shortage;
}

/** Bytes that the store has not; a blob that several models share counts once. */
export function missingBytes(coming: readonly ComingBlob[], blobs: ReadonlyMap<string, number>): number {
  const known = new Map(
    coming.flatMap(({ digest, bytes }) => (digest === undefined ? [] : [[digest, bytes] as const])),
  );
  const missing = [...known].filter(([digest]) => !blobs.has(digest)).map(([, bytes]) => bytes);
  return [...missing, ...coming.flatMap(({ digest, bytes }) => (digest === undefined ? [bytes] : []))].reduce(
    (sum, bytes) => sum + bytes,
    0,
  );
}

/** The error when `needed` bytes do not fit into `free` ones. */
export function shortageOf(needed: number, free: number, store: string): LoadError | undefined {
  if (needed + diskReserve <= free) return undefined;
  return new LoadError(
    `needs ${formatBytes(needed)}, the disk of the engine has ${formatBytes(free)} left (store ${store})`,
    `make room where the engine keeps its volumes; ${formatBytes(diskReserve)} of it stay free. Nothing was fetched`,
  );
}

async function comingBlobs(step: LoadModelStep, { root, reader }: DiskRoomContext): Promise<ComingBlob[]> {
  const [attempt] = step.attempts;
  if (attempt === undefined || (attempt.kind === 'registry' && attempt.pull === undefined)) return [];
  const layers = step.locked?.layers ?? (await layersOf(attempt, root, reader).catch(() => []));
  // What is uploaded is written once more by `/api/create`, which checks it that way (from 0.30 on).
  const copies = attempt.kind === 'registry' ? [] : layers.map(({ bytes }) => ({ bytes }));
  return [...layers, ...copies];
}

async function layersOf(
  attempt: LoadAttempt,
  root: string,
  reader: DiskRoomContext['reader'],
): Promise<readonly ComingBlob[]> {
  if (attempt.kind !== 'gguf') {
    const { layers } = await (await reader()).manifest(attempt.source.ref);
    return layers.map(({ digest, size }) => ({ digest, bytes: size }));
  }
  const { location } = attempt.source;
  return location.kind === 'file' ? [{ bytes: (await stat(path.resolve(root, location.path))).size }] : [];
}

import type { LoadStaging } from './load-staging.js';
import { removeStoreFiles } from './repair-upload.js';
import { dockerShell } from './store-docker.js';
import { blobsPath, readInventory } from './store-inventory.js';

export interface PullCheckContext {
  /** A container that has the store mounted. */
  readonly container: string;
  readonly staging: LoadStaging;
  readonly signal: AbortSignal;
}

/**
 * Removes those of `blobs` (`sha256:<hex>`) whose bytes are wrong, and resolves to whether there were any. Ollama checks
 * what it fetched at the end of a pull, and never what it finds; so a layer that came whole before an interruption was
 * checked by nobody. Layers of models that the store had before are left alone (that is `verify`'s), and an engine that
 * does not answer leaves all as it is.
 */
export async function removeWrongBlobs(blobs: readonly string[], context: PullCheckContext): Promise<boolean> {
  if (blobs.length === 0) return false;
  const { container, staging, signal } = context;
  const inventory = await readInventory(container, { signal }).catch(() => undefined);
  signal.throwIfAborted();
  if (inventory === undefined) return false;
  const before = inventory.models.filter(({ name, digest }) => staging.had(name, digest));
  const known = new Set(before.flatMap(({ layers }) => layers.map(({ digest }) => digest)));
  const files = blobs.filter((digest) => !known.has(digest)).map((digest) => digest.replace(':', '-'));
  if (files.length === 0) return false;
  const paths = files.map((file) => `${blobsPath}/${file}`);
  const { stdout } = await dockerShell({ signal })`docker exec ${container} sha256sum -- ${paths}`;
  signal.throwIfAborted();
  const wrong = stdout.split('\n').flatMap((line) => wrongFile(line) ?? []);
  if (wrong.length > 0) await removeStoreFiles(container, wrong, { signal });
  return wrong.length > 0;
}

/** `<hex>  <path>/sha256-<hex>`, as `sha256sum` prints it. */
function wrongFile(line: string): string | undefined {
  const [, actual, file, named] = /^([0-9a-f]{64})\s+(\S*sha256-([0-9a-f]{64}))$/.exec(line) ?? [];
  return actual === named ? undefined : file;
}

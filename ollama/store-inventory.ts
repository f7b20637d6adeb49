import { storePath } from './store-container.js';
import { dockerRefusal, dockerShell, type DockerOptions } from './store-docker.js';
import { LoadError } from './load-error.js';
import { parseStoredManifest, storedName } from './store-manifest.js';

/** What lies in a store, read through the engine, so that it also works for a remote one and without a running Ollama. */
export interface StoreInventory {
  readonly models: readonly StoredManifest[];
  /** `sha256:<hex>` to bytes, of every whole blob, used or not. */
  readonly blobs: ReadonlyMap<string, number>;
  /** Bytes that are free on the disk of the store. */
  readonly free: number;
  /** Manifests that Ollama cannot read either; it does not list these models. Absent when there are none. */
  readonly broken?: readonly BrokenManifest[];
}

/** A model in a store. */
export interface StoredManifest {
  /** Canonical name. */
  readonly name: string;
  /** `sha256:` of the manifest file, as `/api/tags` shows it. */
  readonly digest: string;
  /** Layers and config. */
  readonly layers: readonly StoredLayer[];
}

export interface StoredLayer {
  readonly mediaType: string;
  /** `sha256:<hex>` */
  readonly digest: string;
  readonly size: number;
}

export interface BrokenManifest {
  /** Canonical name of the model, from the path of the file. */
  readonly name: string;
  readonly reason: string;
}

/** Folder of the blobs in every container that has the store mounted. */
export const blobsPath = `${storePath}/models/blobs`;

/**
 * Three parts with an empty line between: free KiB and `<bytes> sha256-<hex>` of each blob; `<bytes> <path>` of each
 * manifest; the manifests themselves. Without a store, the engine's own disk is what counts.
 */
const listing = `
export LC_ALL=C
df -Pk $([ -d ${storePath} ] && echo ${storePath} || echo /) | awk 'NR == 2 { print $4 }'
[ ! -d ${blobsPath} ] || find ${blobsPath} -maxdepth 1 -type f -name 'sha256-*' -printf '%s %f\\n'
echo
cd ${storePath}/models/manifests 2>/dev/null || exit 0
manifests=$(find . -mindepth 4 -maxdepth 4 -type f ! -path '*[!A-Za-z0-9._:/-]*' -printf '%s %P\\n')
printf '%s\\n\\n' "$manifests"
printf '%s\\n' "$manifests" | cut -d ' ' -f 2 | xargs -r cat`;

/**
 * What lies in the store that a running container has mounted: a server, or one of `withStoreContainer`. Rejects with
 * `LoadError` when the container does not run or the engine does not answer.
 */
export async function readInventory(container: string, options: DockerOptions = {}): Promise<StoreInventory> {
  // A model may be written or removed right now.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const listed = await dockerShell(options)`docker exec ${container} sh -c ${listing}`;
    options.signal?.throwIfAborted();
    const inventory = parseListing(listed.buffer());
    if (inventory !== undefined) return inventory;
    if (listed.exitCode !== 0 && listed.stdout === '') throw dockerRefusal(`list the store of ${container}`, listed);
  }
  throw new LoadError(`the store of ${container} does not hold still`, 'try again when no model is being loaded');
}

/**
 * What `listing` printed; undefined when the manifests are not as long as they were a moment before. Parts of downloads
 * (`sha256-<hex>-partial…`) and unfinished uploads are no blobs.
 */
export function parseListing(output: Buffer): StoreInventory | undefined {
  const [first = '', second = ''] = output.toString('latin1').split('\n\n', 2);
  const [free, ...blobLines] = first.split('\n');
  if (free === undefined || !/^\d+$/.test(free)) return undefined;
  const blobs = blobLines.flatMap((line) => {
    const [, bytes, hex] = /^(\d+) sha256-([0-9a-f]{64})$/.exec(line) ?? [];
    return hex === undefined ? [] : [[`sha256:${hex}`, Number(bytes)] as const];
  });
  const manifests = parseManifests(second, output.subarray(first.length + second.length + 4));
  return manifests && { ...manifests, free: Number(free) * 1024, blobs: new Map(blobs) };
}

function parseManifests(list: string, contents: Buffer): Pick<StoreInventory, 'models' | 'broken'> | undefined {
  let at = 0;
  const found = list.split('\n').flatMap((line) => {
    const [bytes, file] = line.split(' ');
    if (file === undefined) return [];
    const content = contents.subarray(at, at + Number(bytes));
    at += Number(bytes);
    const name = storedName(file);
    return name === undefined ? [] : [parseStoredManifest(name, content)];
  });
  if (at !== contents.length) return undefined;
  const sorted = found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const broken = sorted.filter((one) => 'reason' in one);
  const models = sorted.filter((one) => 'layers' in one);
  return broken.length === 0 ? { models } : { models, broken };
}

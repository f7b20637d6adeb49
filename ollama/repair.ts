import { createReadStream } from 'node:fs';
import type { LoadPlan } from '../manifest/load-plan.js';
import type { ModelSource } from '../manifest/manifest.js';
import { parseModelRef } from '../manifest/model-ref.js';
import { sourceText } from '../manifest/source-text.js';
import { resolveGguf, type GgufContext } from './gguf-file.js';
import { LoadError } from './load-error.js';
import { asLoadError } from './load-failure.js';
import type { RegistryReader } from './registry-client.js';
import { RegistryError } from './registry-error.js';
import { repairWays } from './repair-source.js';
import { removeStoreFiles, replaceBlob, WrongBytes } from './repair-upload.js';
import { storePath, withStoreContainer, type DockerOptions } from './store-container.js';
import { blobsPath } from './store-inventory.js';
import type { BlobFinding, VerifiedStore } from './verification.js';

/** What became of one bad blob. */
export type BlobRepair = { readonly finding: BlobFinding } & (
  | {
      /** From a registry, or from a GGUF of the manifest. */
      readonly action: 'fetched';
      readonly source: string;
      /** Sent into the store, so from the registry too. */
      readonly bytes: number;
    }
  /** No model has it. */
  | { readonly action: 'removed' }
  /** Its models were removed with it, because nothing but `up` makes them. */
  | { readonly action: 'unmade' }
  | { readonly action: 'failed'; readonly error: LoadError }
);

export interface RepairContext extends Omit<GgufContext, 'onBytes'>, DockerOptions {
  readonly signal: AbortSignal;
  readonly registry: RegistryReader;
  /** An image that the engine has. */
  readonly image: string;
  readonly onBytes: (finding: BlobFinding, completed: number, total: number) => void;
  readonly onRepaired: (repair: BlobRepair) => void;
}

/** The findings that are about one blob. */
export function badBlobs({ findings }: VerifiedStore): BlobFinding[] {
  return findings.filter((one) => 'bytes' in one);
}

/**
 * Mends the bad blobs of a store one after another, and touches no other. Needs no running server, and does not disturb
 * one: the file that it has open stays what it was. Rejects only when the engine gives no container.
 */
export async function repairStore(
  plan: LoadPlan,
  verified: VerifiedStore,
  context: RepairContext,
): Promise<readonly BlobRepair[]> {
  const access = { store: plan.store, image: context.image };
  const work = async (container: string): Promise<BlobRepair[]> => {
    const done: BlobRepair[] = [];
    for (const finding of badBlobs(verified)) {
      const repair = await new BlobMender(container, finding, context).mend(plan, verified);
      context.onRepaired(repair);
      done.push(repair);
    }
    return done;
  };
  return withStoreContainer(access, work, { ...context, write: true });
}

class BlobMender {
  constructor(
    private readonly container: string,
    private readonly finding: BlobFinding,
    private readonly context: RepairContext,
  ) {}

  async mend(plan: LoadPlan, { inventory }: VerifiedStore): Promise<BlobRepair> {
    const { finding } = this;
    try {
      if (finding.models.length === 0) {
        await this.#remove([]);
        return { finding, action: 'removed' };
      }
      const { sources, canBeMade } = repairWays(finding, plan, inventory.models);
      const failures: LoadError[] = [];
      for (const source of sources) {
        try {
          return { finding, action: 'fetched', source: sourceText(source), bytes: await this.#fetch(source) };
        } catch (error) {
          this.context.signal.throwIfAborted();
          failures.push(asLoadError(error));
        }
      }
      if (!canBeMade || !failures.every(hasItNot)) return { finding, action: 'failed', error: failureOf(failures) };
      await this.#remove(finding.models);
      return { finding, action: 'unmade' };
    } catch (error) {
      this.context.signal.throwIfAborted();
      return { finding, action: 'failed', error: asLoadError(error) };
    }
  }

  /** Returns the bytes that were sent into the store. */
  async #fetch(source: ModelSource): Promise<number> {
    const { digest } = this.finding;
    const { registry, onBytes } = this.context;
    const put = async (bytes: number, content: Parameters<typeof replaceBlob>[3]): Promise<number> =>
      replaceBlob(this.container, digest, bytes, content, (sent) => onBytes(this.finding, sent, bytes), this.context);
    if (source.kind === 'registry') {
      return put(this.#bytes, (start) => registry.stream(source.ref, digest, start));
    }
    const file = await resolveGguf(source, { ...this.context, onBytes: () => undefined });
    if (`sha256:${file.sha256}` !== digest) throw new WrongBytes(`${sourceText(source)} is not ${digest}`);
    return put(file.bytes, async (start) => createReadStream(file.path, { start, highWaterMark: 1 << 20 }));
  }

  /** As its manifest says. */
  get #bytes(): number {
    return 'expected' in this.finding ? (this.finding.expected ?? this.finding.bytes) : this.finding.bytes;
  }

  /** The manifests first: without a blob of theirs they would be models that cannot be loaded. */
  async #remove(models: readonly string[]): Promise<void> {
    const files = [...models.flatMap(manifestFile), `${blobsPath}/${this.finding.digest.replace(':', '-')}`];
    await removeStoreFiles(this.container, files, this.context);
  }
}

/** Whether a source is there, and has other bytes than these. */
function hasItNot(error: LoadError): boolean {
  return error instanceof WrongBytes || (error instanceof RegistryError && error.trouble === 'unknown');
}

function failureOf(failures: readonly LoadError[]): LoadError {
  const [first, ...others] = failures;
  if (first === undefined) return new LoadError('nothing says where it came from', 'remove the model and load it anew');
  if (others.length === 0) return first;
  return new LoadError('none of its sources gives it', failures.map(({ message }) => message).join('\n'));
}

function manifestFile(name: string): string[] {
  const { ref } = parseModelRef(name);
  if (ref === undefined) return [];
  const { host, namespace, model, tag } = ref;
  return [`${storePath}/models/manifests/${host}/${namespace}/${model}/${tag}`];
}

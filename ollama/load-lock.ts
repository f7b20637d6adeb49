import { basesOf, isDerived } from '../manifest/declaration.js';
import type { LoadPlan, LockedContent, PlannedModel } from '../manifest/load-plan.js';
import type { ModelSource, Registry } from '../manifest/manifest.js';
import { mirrored } from '../manifest/mirror.js';
import { modelRefKey, type ModelRef } from '../manifest/model-ref.js';
import { sourceText } from '../manifest/source-text.js';
import { declarationHash } from './declaration-hash.js';
import { LoadError } from './load-error.js';

/** A model with what its lock entry is worth: a stale one belongs to another declaration, and counts as none. */
export interface LockedPlan {
  readonly model: PlannedModel;
  /** Hash of its declaration. */
  readonly declaration: string;
  readonly isStale: boolean;
  /** Present when the lock holds for the declaration. */
  readonly content?: LockedContent;
  /** The source that is used: with a lock the locked one alone, else every one of `from`. Never empty. */
  readonly sources: readonly ModelSource[];
}

/** Throws `LoadError` for models that are made from each other. */
export function lockedPlan(model: PlannedModel, declared: ReadonlyMap<string, PlannedModel>): LockedPlan {
  const declaration = declarationHash(model, declared);
  const { locked } = model;
  const source = locked && model.from.find((one) => sourceText(one) === locked.source);
  const isStale = locked !== undefined && (locked.declaration !== declaration || source === undefined);
  if (locked === undefined || source === undefined || isStale)
    return { model, declaration, isStale, sources: model.from };
  return { model, declaration, isStale, content: locked, sources: [source] };
}

/** Throws `LoadError` that names every model that the lock does not pin. */
export function refuseUnlocked(plans: readonly LockedPlan[]): void {
  const names = plans.flatMap(({ model, content, isStale }) =>
    content ? [] : [`${model.name} (${isStale ? 'declared anew since it was locked' : 'not in the lock'})`],
  );
  if (names.length === 0) return;
  throw new LoadError(`the lock does not pin ${names.join(', ')}`, 'run `npm run lock` and commit models.lock.json');
}

/** The settings of the registry that a reference is really pulled from, where the manifest has any. */
export function registryOf(ref: ModelRef, plan: Pick<LoadPlan, 'registries' | 'mirror'>): Registry | undefined {
  const host = mirrored(ref, plan.mirror).host.toLowerCase();
  return plan.registries.find((one) => one.host.toLowerCase() === host);
}

/** Whether Ollama cannot pull it itself, because it sends no credentials but its own key. */
export function needsCredentials(ref: ModelRef, plan: Pick<LoadPlan, 'registries' | 'mirror'>): boolean {
  const registry = registryOf(ref, plan);
  return registry?.tokenEnv !== undefined || registry?.username !== undefined;
}

/** What the lock expects of the models of one plan. */
export class LockExpectations {
  constructor(
    private readonly plan: LoadPlan,
    private readonly declared: ReadonlyMap<string, PlannedModel>,
    private readonly plans: ReadonlyMap<PlannedModel, LockedPlan>,
  ) {}

  /** Digest (`sha256:`) that the store must show for the model; undefined when its digest is no fixed one. */
  storedDigest(model: PlannedModel): string | undefined {
    const content = this.plans.get(model)?.content;
    if (content === undefined || isDerived(model)) return undefined;
    return this.#base(model, content)?.digest;
  }

  /** What `RecordedModel.source` must say of a model that is made; undefined when the lock does not tell. */
  source(model: PlannedModel): string | undefined {
    const content = this.plans.get(model)?.content;
    if (content === undefined) return undefined;
    const base = this.#base(model, content);
    const digest = base?.digest ?? base?.sha256;
    return digest && [digest, ...adapterDigests(model, content)].join(' ');
  }

  #base(model: PlannedModel, content: LockedContent): { digest?: string; sha256?: string } | undefined {
    const [source] = this.plans.get(model)?.sources ?? [];
    if (source?.kind === 'gguf') {
      const sha256 = content.layers.find(({ kind }) => kind === 'model')?.digest;
      return sha256 === undefined ? undefined : { sha256 };
    }
    const base = source && basesOf({ ...model, from: [source] }, this.declared).find((one) => one.name !== model.name);
    const digest = base === undefined ? content.digest : this.storedDigest(base);
    if (digest === undefined || source === undefined) return undefined;
    return needsCredentials(source.ref, this.plan) ? { sha256: digest } : { digest };
  }
}

/** Locked digests of the adapters that the manifest names, in its order: they come last among the layers. */
function adapterDigests({ adapters }: PlannedModel, { layers }: LockedContent): string[] {
  return adapters.length === 0 ? [] : layers.slice(-adapters.length).map(({ digest }) => digest);
}

/** Keys of every name that a plan uses: its models, and the bases that stay because something is derived from them. */
export function usedKeys(plans: readonly LockedPlan[], nameKey: (name: string) => string): ReadonlySet<string> {
  return new Set(
    plans.flatMap(({ model, sources }) => [
      nameKey(model.name),
      ...(isDerived(model) ? sources.flatMap((one) => (one.kind === 'registry' ? [modelRefKey(one.ref)] : [])) : []),
    ]),
  );
}

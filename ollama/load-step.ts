import { basesOf, isDerived, modelsByKey } from '../manifest/declaration.js';
import type { LoadPlan, LockedContent, PlannedModel } from '../manifest/load-plan.js';
import type { GgufSource, ModelSource } from '../manifest/manifest.js';
import { modelNameKey, modelRefKey } from '../manifest/model-ref.js';
import { loadAttempt, type LoadAttempt } from './load-attempt.js';
import { LockExpectations, lockedPlan, needsCredentials, usedKeys, type LockedPlan } from './load-lock.js';
import type { LoadRecord, RecordedModel } from './load-record.js';

/** A model in a store, as `/api/tags` lists it. */
export interface StoredModel {
  readonly name: string;
  /** Without prefix. */
  readonly digest: string;
  /** Bytes of all layers. */
  readonly size: number;
}

/** What is to be done for one model; nothing but a value. */
export type LoadStep = KeepStep | LoadModelStep;

interface KeepStep {
  readonly action: 'keep';
  readonly model: string;
  readonly digest: string;
  readonly bytes: number;
}

export interface LoadModelStep {
  readonly action: 'load';
  readonly model: string;
  readonly reason: LoadReason;
  readonly declaration: string;
  /** Declared models that have to be in the store before. */
  readonly after: readonly string[];
  /** Tried in order until one succeeds. Never empty. */
  readonly attempts: readonly LoadAttempt[];
  readonly adapters: readonly GgufSource[];
  /** What it must turn out to be; with it there is one attempt. */
  readonly locked?: LockedContent;
}

export type LoadReason =
  | 'missing'
  | 'declared anew'
  | 'another digest than locked'
  | 'not as it was made'
  | 'its file changed';

/** Every model of a plan with the worth of its lock entry. Throws `LoadError` for models that are made from each other. */
export function lockedPlans(plan: LoadPlan): LockedPlan[] {
  const declared = modelsByKey(plan.models);
  return plan.models.map((model) => lockedPlan(model, declared));
}

/**
 * Decides what each model of a plan needs. A model that is only pulled is kept when the store has its locked digest, or
 * without a lock its name; any other when it also has the digest that was recorded for the same declaration and locked
 * source. Throws `LoadError` for models that are made from each other.
 */
export function loadSteps(plan: LoadPlan, tags: readonly StoredModel[], record: LoadRecord): LoadStep[] {
  return new StepDecision(plan, tags, record).steps();
}

class StepDecision {
  readonly #declared: ReadonlyMap<string, PlannedModel>;
  readonly #stored: ReadonlyMap<string, StoredModel>;
  readonly #plans: ReadonlyMap<PlannedModel, LockedPlan>;
  readonly #expected: LockExpectations;
  readonly #reasons = new Map<PlannedModel, LoadReason | undefined>();

  constructor(
    private readonly plan: LoadPlan,
    tags: readonly StoredModel[],
    private readonly record: LoadRecord,
  ) {
    this.#declared = modelsByKey(plan.models);
    this.#stored = new Map(tags.map((model) => [modelNameKey(model.name), model]));
    this.#plans = new Map(lockedPlans(plan).map((one) => [one.model, one]));
    this.#expected = new LockExpectations(plan, this.#declared, this.#plans);
  }

  steps(): LoadStep[] {
    const stored = new Set(this.#stored.keys());
    const used = usedKeys([...this.#plans.values()], modelNameKey);
    return [...this.#plans.values()].map((one): LoadStep => {
      const { model, declaration, content, sources } = one;
      const present = this.#present(model);
      const reason = this.#reason(model);
      if (present !== undefined && reason === undefined) {
        return { action: 'keep', model: model.name, digest: present.digest, bytes: present.size };
      }
      const after = this.#bases(model, sources).map(({ name }) => name);
      const available = new Set([
        ...sources.flatMap((source) => this.#usable(source, content)),
        ...after.map(modelNameKey),
      ]);
      const context = { plan: this.plan, available, stored, used };
      return {
        action: 'load',
        model: model.name,
        reason: reason ?? 'missing',
        declaration,
        after,
        attempts: sources.map((source) => loadAttempt(model, source, context)),
        adapters: model.adapters,
        ...(content !== undefined && { locked: content }),
      };
    });
  }

  /** The key of a source that the store has, with the locked digest where there is one. */
  #usable(source: ModelSource, content: LockedContent | undefined): string[] {
    if (source.kind === 'gguf') return [];
    const key = modelRefKey(source.ref);
    const stored = this.#stored.get(key);
    if (stored === undefined) return [];
    return content?.digest === undefined || content.digest === `sha256:${stored.digest}` ? [key] : [];
  }

  #present(model: PlannedModel): StoredModel | undefined {
    return this.#stored.get(modelNameKey(model.name));
  }

  #bases(model: PlannedModel, sources: readonly ModelSource[]): PlannedModel[] {
    return basesOf({ ...model, from: sources }, this.#declared).filter((base) => base.name !== model.name);
  }

  /** Why the model has to be loaded; undefined when what the store has is right. */
  #reason(model: PlannedModel): LoadReason | undefined {
    const known = this.#reasons.get(model);
    if (known !== undefined || this.#reasons.has(model)) return known;
    const reason = this.#decide(model);
    this.#reasons.set(model, reason);
    return reason;
  }

  #decide(model: PlannedModel): LoadReason | undefined {
    const present = this.#present(model);
    if (present === undefined) return 'missing';
    const locked = this.#expected.storedDigest(model);
    if (locked !== undefined) return locked === `sha256:${present.digest}` ? undefined : 'another digest than locked';
    const recorded = this.record[model.name];
    const { declaration = '', sources = [] } = this.#plans.get(model) ?? {};
    const sameDeclaration = recorded?.declaration === declaration;
    if (this.#isPlain(model))
      return recorded?.declaration === undefined || sameDeclaration ? undefined : 'declared anew';
    if (!sameDeclaration) return 'declared anew';
    if (recorded.digest !== present.digest) return 'not as it was made';
    if (haveChanged(model, recorded)) return 'its file changed';
    const source = this.#expected.source(model);
    if (source !== undefined) return recorded.source === source ? undefined : 'another digest than locked';
    return this.#bases(model, sources).some((base) => this.#reason(base)) ? 'not as it was made' : undefined;
  }

  /** Pulled by Ollama under its own name from its only source, and not changed. */
  #isPlain(model: PlannedModel): boolean {
    const [source, ...others] = model.from;
    if (isDerived(model) || others.length > 0 || source?.kind !== 'registry') return false;
    return modelRefKey(source.ref) === modelNameKey(model.name) && !needsCredentials(source.ref, this.plan);
  }
}

/** Whether a local file that a model is made of has other bytes than when it was made. */
function haveChanged({ files = [] }: PlannedModel, { source }: RecordedModel): boolean {
  const made = source?.split(' ');
  return made !== undefined && files.some((now, index) => now !== undefined && now !== made[index]);
}

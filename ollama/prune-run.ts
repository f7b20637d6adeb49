import type { LoadPlan } from '../manifest/load-plan.js';
import { modelNameKey } from '../manifest/model-ref.js';
import { LoadError } from './load-error.js';
import type { LoadEvent } from './load-event.js';
import type { LoadRecordFile } from './load-record-file.js';
import type { StoredModel } from './load-step.js';
import { pruneChoice } from './prune.js';
import type { OllamaServer } from './server.js';

export interface PruneContext {
  readonly server: OllamaServer;
  /** A container that has the store mounted. */
  readonly container: string;
  readonly record: LoadRecordFile;
  readonly emit: (event: LoadEvent) => void;
  readonly signal: AbortSignal;
  /** Whether it was said that everything may go. */
  readonly isConfirmed: boolean;
}

/**
 * Removes what this project loaded into the store and nothing declares any more. Throws `LoadError` instead when nothing
 * at all is declared and nobody confirmed it: an empty list is more often a mistake than a wish.
 */
export async function runPrune(plan: LoadPlan, context: PruneContext): Promise<void> {
  if (plan.prune === undefined) return;
  const { server, record, emit } = context;
  const tags = await server.tags();
  const { remove, changed } = pruneChoice(plan, tags, record.record.models);
  for (const model of changed) {
    emit({ type: 'warning', model, message: 'not declared any more, but not as this project loaded it: it stays' });
  }
  if (remove.length === 0) return;
  if (plan.models.length === 0 && !context.isConfirmed) {
    throw new LoadError(
      `nothing is declared in store ${plan.store} any more, and pruning would remove ${remove.join(', ')}`,
      'if that is meant, run `npm run up -- --yes` (OLLAMA_STACKS_YES=1 for the loader alone)',
    );
  }
  const freed = await freedBytes(remove, tags, context);
  for (const [index, model] of remove.entries()) {
    await server.delete(model);
    record.remove(model);
    emit({ type: 'pruned', model, bytes: freed[index] ?? 0 });
  }
}

/** What each removal frees, after those before it. When the engine does not tell, the sizes, which count shared layers. */
async function freedBytes(
  names: readonly string[],
  tags: readonly StoredModel[],
  { container, signal }: PruneContext,
): Promise<number[]> {
  const [{ readInventory }, { freedBy }] = await Promise.all([
    import('./store-inventory.js'),
    import('./store-usage.js'),
  ]);
  const inventory = await readInventory(container, { signal }).catch(() => undefined);
  signal.throwIfAborted();
  if (inventory === undefined) {
    return names.map((name) => tags.find((tag) => modelNameKey(tag.name) === modelNameKey(name))?.size ?? 0);
  }
  const totals = names.map((_, index) => freedBy(names.slice(0, index + 1), inventory));
  return totals.map((total, index) => total - (totals[index - 1] ?? 0));
}

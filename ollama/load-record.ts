/** What the loader brought into a store. It lies in the store itself, with a copy in the project. */
export interface StoreRecord {
  readonly models: LoadRecord;
  /** By registry host: bytes a second, as last measured. */
  readonly rates: Readonly<Record<string, number>>;
}

/** By canonical model name. */
export type LoadRecord = Readonly<Record<string, RecordedModel>>;

export interface RecordedModel {
  /** Hash of everything that decides what the model is (`declarationHash`); absent when it was only pulled as the base of another. */
  readonly declaration?: string;
  /** Digest that `/api/tags` gave afterwards, without prefix. */
  readonly digest: string;
  /** `sha256:` of the manifest or GGUF it was made from, then those of the manifest's adapters, with spaces between. */
  readonly source?: string;
}

/** Name of the record in its store. */
export const recordFileName = 'ollama-stacks.json';

const empty: StoreRecord = { models: {}, rates: {} };

/**
 * Reads the text of a record, also of one from before there were rates (models at the top). A damaged one is as good as
 * none: it is only a memory, and models that are made (not merely pulled) are then made once more.
 */
export function parseRecord(text: string | undefined): StoreRecord {
  const value = parsed(text ?? '');
  if (!isObject(value)) return empty;
  const isOld = !isObject(value.models) || typeof value.models.digest === 'string';
  const models = entries(isOld ? value : value.models).filter((entry): entry is [string, RecordedModel] =>
    isRecordedModel(entry[1]),
  );
  const rates = entries(isOld ? {} : value.rates).filter((entry): entry is [string, number] => Number(entry[1]) > 0);
  return { models: Object.fromEntries(models), rates: Object.fromEntries(rates) };
}

/** The text of a record, in the order of names. */
export function formatRecord({ models, rates }: StoreRecord): string {
  return `${JSON.stringify({ models: sorted(models), rates: sorted(rates) }, null, 2)}\n`;
}

/**
 * One record of the store's own and the project's copy. The store's counts, but for a model whose digest in the store
 * (`digests`, by name) only the copy knows: the run that made it was killed before it could write the store's.
 */
export function mergeRecords(own: StoreRecord, copy: StoreRecord, digests: ReadonlyMap<string, string>): StoreRecord {
  const better = Object.entries(copy.models).filter(([name, { digest }]) => {
    const stored = digests.get(name);
    return stored !== undefined && digest === stored && own.models[name]?.digest !== stored;
  });
  return { models: { ...own.models, ...Object.fromEntries(better) }, rates: { ...copy.rates, ...own.rates } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRecordedModel(value: unknown): value is RecordedModel {
  return isObject(value) && typeof value.digest === 'string';
}

function entries(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

function sorted<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

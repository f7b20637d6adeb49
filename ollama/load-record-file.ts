import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatRecord, mergeRecords, parseRecord, recordFileName } from './load-record.js';
import type { RecordedModel, StoreRecord } from './load-record.js';

/**
 * The record of a store: in the store, so that every machine knows it, and as a copy in the project. The copy is written
 * whole at every change, because that costs nothing; the store's once, by `save`, because it goes through the engine.
 */
export class LoadRecordFile {
  #record: StoreRecord;
  /** Whether the store's own differs, as far as it is known. */
  #isUnsaved = false;

  constructor(
    private readonly copy: string,
    /** A container that has the store mounted. */
    private readonly container: string,
  ) {
    this.#record = parseRecord(readCopy(copy));
  }

  get record(): StoreRecord {
    return this.#record;
  }

  /** Reads the store's own. When the engine refuses, the copy has to do. `digests`: what the store holds, by name. */
  async readStore(digests: ReadonlyMap<string, string>, signal: AbortSignal): Promise<void> {
    const { readStoreFile } = await import('./store-container.js');
    const text = await readStoreFile(this.container, recordFileName, { signal }).catch(() => undefined);
    signal.throwIfAborted();
    if (text === undefined) return;
    const own = parseRecord(text);
    this.#record = mergeRecords(own, this.#record, digests);
    this.#isUnsaved = formatRecord(own) !== formatRecord(this.#record);
    this.#writeCopy();
  }

  set(model: string, recorded: RecordedModel): void {
    this.#change({ ...this.#record, models: { ...this.#record.models, [model]: recorded } });
  }

  remove(model: string): void {
    const { [model]: _removed, ...models } = this.#record.models;
    this.#change({ ...this.#record, models });
  }

  setRates(rates: StoreRecord['rates']): void {
    if (Object.keys(rates).length > 0) this.#change({ ...this.#record, rates: { ...this.#record.rates, ...rates } });
  }

  /** Writes the store's own when something changed. An engine that refuses leaves the copy, which is enough here. */
  async save(): Promise<void> {
    if (!this.#isUnsaved) return;
    const { writeStoreFile } = await import('./store-container.js');
    await writeStoreFile(this.container, recordFileName, formatRecord(this.#record)).then(
      () => (this.#isUnsaved = false),
      () => undefined,
    );
  }

  #change(record: StoreRecord): void {
    this.#record = record;
    this.#isUnsaved = true;
    this.#writeCopy();
  }

  #writeCopy(): void {
    mkdirSync(path.dirname(this.copy), { recursive: true });
    const temporary = `${this.copy}.${process.pid}`;
    writeFileSync(temporary, formatRecord(this.#record));
    renameSync(temporary, this.copy);
  }
}

function readCopy(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LoadRecord, RecordedModel } from './load-step.js';

/**
 * The record of a store on disk. It is only a memory: when it is lost or damaged, models that are made (not merely
 * pulled) are made once more. Written whole at every change, so that an interruption loses nothing.
 */
export class LoadRecordFile {
  #record: LoadRecord;

  constructor(private readonly file: string) {
    this.#record = read(file);
  }

  get record(): LoadRecord {
    return this.#record;
  }

  set(model: string, recorded: RecordedModel): void {
    this.#record = { ...this.#record, [model]: recorded };
    mkdirSync(path.dirname(this.file), { recursive: true });
    const temporary = `${this.file}.${process.pid}`;
    writeFileSync(temporary, `${JSON.stringify(this.#record, null, 2)}\n`);
    renameSync(temporary, this.file);
  }
}

function read(file: string): LoadRecord {
  try {
    const record: LoadRecord | null = JSON.parse(readFileSync(file, 'utf8'));
    return record ?? {};
  } catch {
    return {};
  }
}

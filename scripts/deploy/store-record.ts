import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { LoadPlan } from '../../manifest/load-plan.js';
import { parseRecord, type StoreRecord } from '../../ollama/load-record.js';

/** This checkout's copy of the record of a store; the store's own lies in the store. */
export async function localRecord({ store }: Pick<LoadPlan, 'store'>): Promise<StoreRecord> {
  const file = path.join('.toolchain', 'loaded', `${store}.json`);
  return parseRecord(await readFile(file, 'utf8').catch(() => undefined));
}

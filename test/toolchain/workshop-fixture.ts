import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openWorkshop, type Workshop } from '../../toolchain/workshop.js';

export const repository = path.resolve(import.meta.dirname, '../..');

/** A workshop with a cache of its own, which goes away with it. */
export async function temporaryWorkshop(given: Partial<Workshop> = {}): Promise<Workshop & AsyncDisposable> {
  const cache = await mkdtemp(path.join(tmpdir(), 'toolchain-'));
  return {
    ...openWorkshop({ cache, home: repository, ...given }),
    [Symbol.asyncDispose]: () => rm(cache, { recursive: true, force: true }),
  };
}

import type { Lock } from './lock.js';

/** Why a lock cannot be read, and what to do. */
export interface LockProblem {
  readonly message: string;
  readonly hint: string;
  /** 1-based, where it is known. */
  readonly line?: number;
}

/** Reads the text of a `models.lock.json`. */
export function parseLock(
  text: string,
):
  | { readonly lock: Lock; readonly problem?: undefined }
  | { readonly lock?: undefined; readonly problem: LockProblem } {
  return { lock: JSON.parse(text) as Lock };
}

/** The text of a lock: stable order, one fact a line, so that a diff reads well. */
export function formatLock(lock: Lock): string {
  return `${JSON.stringify(lock, undefined, 2)}\n`;
}

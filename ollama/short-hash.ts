import { createHash } from 'node:crypto';

/** 16 hex digits that stand for a text where it cannot be a name; enough to tell the models and files of a user apart. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

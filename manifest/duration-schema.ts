import * as z from 'zod';
import { parseDuration } from './units.js';

/** A duration as `OLLAMA_KEEP_ALIVE` takes it: Go's `1h30m`, seconds, or -1 for ever. */
export const keepAliveSchema = z.union([
  z.int(),
  z
    .string()
    .refine(
      (text) => parseDuration(text) !== undefined,
      'must be a duration such as 30m or 1h30m, seconds, or -1 for ever',
    ),
]);

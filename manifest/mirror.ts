import { defaultHost, type ModelRef } from './model-ref.js';

/** The reference that is really pulled: a model of the Ollama library comes from the mirror where one is set. */
export function mirrored(ref: ModelRef, mirror: string | undefined): ModelRef {
  return mirror === undefined || ref.host.toLowerCase() !== defaultHost ? ref : { ...ref, host: mirror };
}

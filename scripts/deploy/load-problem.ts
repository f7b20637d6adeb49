import { LoadError } from '../../ollama/load-error.js';
import { Failure } from '../shell/problem.js';

/** Runs `work`; what Ollama, a registry or the engine refused ends the verb as its finding. */
export async function explained<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    const { message, hint } = error;
    throw new Failure([{ code: 'models', message, ...(hint !== undefined && { next: hint }) }]);
  }
}

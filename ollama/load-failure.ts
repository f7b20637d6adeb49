import { codeOf } from './error-cause.js';
import { LoadError } from './load-error.js';

/** Words of Ollama's and of Go's HTTP client for what may pass by itself. */
const passing =
  /^stalled:|context canceled|time-?out|timed out|connection re(set|fused)|broken pipe|\bEOF\b|socket hang up|temporary failure|server misbehaving|max retries exceeded|too many requests|\b(429|50[0-4])\b/i;

/** Whether trying again can help: a cut or overloaded connection, not a name that does not exist or a full disk. */
export function isPassing(error: unknown): boolean {
  if (error instanceof LoadError || !(error instanceof Error)) return false;
  return cutConnection.has(codeOf(error) ?? '') || passing.test(error.message);
}

/** Of Node, and of undici (lib/core/errors.js). */
const cutConnection: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

const nextSteps: readonly (readonly [RegExp, string])[] = [
  [/^stalled:/, 'check the network of the engine; what was fetched is kept, and the next `up` goes on from there'],
  [
    /digest mismatch/i,
    'the registry served other bytes than its manifest names: mend it, or take another source; `up` fetches anew',
  ],
  [/file does not exist|manifest unknown|not found/i, 'check the name and tag under `from`'],
  [
    /no such host|dial tcp|i\/o timeout|server misbehaving/i,
    'the server reaches no registry: check its network, or add a GGUF to `from`',
  ],
  [/no space left/i, 'make room where the engine keeps its volumes, then run `up` again: what was fetched is kept'],
  [/newer version of ollama|requires.*version/i, 'raise `image` in the manifest'],
  [/more system memory|out of memory|insufficient/i, 'choose a smaller model, or raise `memory` of the server'],
  [
    /invalid|unexpected EOF|bad magic|corrupt|exceeds file size/i,
    'the file may be cut short or of a kind that this Ollama does not know; fetch it again',
  ],
];

/** Any failure of a model as an error with its next step. Mistakes of this program (TypeError …) pass through. */
export function asLoadError(error: unknown): LoadError {
  if (error instanceof LoadError) return error;
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof ReferenceError) throw error;
  const hint = nextSteps.find(([pattern]) => pattern.test(error.message))?.[1];
  return new LoadError(error.message, hint ?? 'see the log of the server (`npm run logs`), then run `up` again', {
    cause: error,
  });
}

import type { ModelRef } from '../manifest/model-ref.js';
import { causeText, codeOf } from './error-cause.js';
import { LoadError } from './load-error.js';

/**
 * Why a registry gave nothing: it does not know the model, wants other credentials, cannot be reached (which may pass),
 * or answered something that is none of the protocol.
 */
export type RegistryTrouble = 'unknown' | 'unauthorized' | 'unreachable' | 'invalid';

export class RegistryError extends LoadError {
  constructor(
    readonly trouble: RegistryTrouble,
    message: string,
    hint: string,
    options?: ErrorOptions,
  ) {
    super(message, hint, options);
  }
}

/** An answer that may be another one in a moment (5xx); only for `p-retry`, and told as a `RegistryError` in the end. */
export class BusyRegistry extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${status}`);
  }
}

/** `library/qwen3:8b` */
function pathOf({ namespace, model, tag }: ModelRef): string {
  return `${namespace}/${model}:${tag}`;
}

/** Whether the same request may be answered in a moment. */
export function isPassing(error: unknown): boolean {
  return error instanceof BusyRegistry || passingCodes.has(codeOf(error) ?? '');
}

const passingCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** A failed request in words; `limits` are the milliseconds that were waited. */
export function unreachable(
  error: unknown,
  ref: ModelRef,
  limits: { readonly connect: number; readonly answer: number },
): RegistryError {
  if (error instanceof RegistryError) return error;
  const [words, hint] = reasonOf(error, ref.host, limits);
  return new RegistryError('unreachable', `${ref.host} gives no ${pathOf(ref)}: ${words}`, hint, { cause: error });
}

type Reason = readonly [words: string, hint: string];

function reasonOf(error: unknown, host: string, limits: { connect: number; answer: number }): Reason {
  if (error instanceof BusyRegistry) return [`it answers HTTP ${error.status}`, 'try again later'];
  const code = codeOf(error) ?? '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return ['its name cannot be resolved', 'check the name of the host and the network (HTTPS_PROXY, NO_PROXY)'];
  if (code === 'ECONNREFUSED') return ['connection refused', 'start the registry, or correct host and port'];
  if (code === 'UND_ERR_CONNECT_TIMEOUT')
    return [`no connection within ${limits.connect / 1000} s`, 'check the network (HTTPS_PROXY, NO_PROXY)'];
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return [`nothing for ${limits.answer / 1000} s`, 'try again, or restart the registry'];
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|EPROTO/.test(code))
    return ['it speaks no https', `write registries: { ${host}: { insecure: true } } if plain http is meant`];
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return ['its certificate is for another name', 'use the name that stands in its certificate'];
  if (code === 'CERT_HAS_EXPIRED') return ['its certificate has expired', 'renew it on the registry'];
  if (/CERT|SIGNATURE|ISSUER/.test(code))
    return ['its certificate is not trusted', `write registries: { ${host}: { ca: ./ca.pem } } with its authority`];
  return [causeText(error), 'check the registry and the network'];
}

/** A refusal in words: 4xx are final. */
export function refused(status: number, what: string, ref: ModelRef, access: string): RegistryError {
  const model = pathOf(ref);
  if (status === 404)
    return new RegistryError(
      'unknown',
      `${ref.host} knows no ${what === 'manifest' ? model : `${what} of ${model}`}`,
      'check the name and tag under `from`',
    );
  if (status === 401 || status === 403)
    return new RegistryError('unauthorized', `${ref.host} refuses ${model} (HTTP ${status})`, access);
  const hint = status === 400 ? `take \`insecure\` from registries: { ${ref.host} } if it speaks https` : 'see its log';
  return new RegistryError('invalid', `${ref.host} answers HTTP ${status} for ${model}`, hint);
}

/** An answer that is not what the protocol says. */
export function invalid(ref: ModelRef, what: string): RegistryError {
  return new RegistryError(
    'invalid',
    `${ref.host} answers ${what} for ${pathOf(ref)}`,
    `check that ${ref.host} is a model registry and that nothing between changes its answers`,
  );
}

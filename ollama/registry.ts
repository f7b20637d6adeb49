import { EnvHttpProxyAgent, fetch } from 'undici';
import type { ModelRef } from '../manifest/model-ref.js';
import { causeText, codeOf } from './error-cause.js';

/** Address of a model's manifest (OCI distribution API, as Ollama's server/images.go asks it). */
export function manifestUrl({ host, namespace, model, tag }: ModelRef): string {
  return `https://${host}/v2/${namespace}/${model}/manifests/${tag}`;
}

/**
 * Whether a registry has the model behind `url` (`manifestUrl`): `undefined` when it has, else the reason in words.
 * Waits at most `timeout` milliseconds for a connection and for the answer, and honours the proxy variables.
 */
export async function whyNotServed(url: string, signal: AbortSignal, timeout = 2000): Promise<string | undefined> {
  const { host, pathname } = new URL(url);
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout }, headersTimeout: timeout });
  try {
    // A body is not read, and HEAD is refused by registry.ollama.ai.
    const response = await fetch(url, {
      dispatcher,
      signal,
      headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' },
    });
    if (response.ok) return undefined;
    if (response.status === 404) return `${host} knows no ${pathname.split('/').slice(2).join('/')}`;
    return `${host} answers HTTP ${response.status}`;
  } catch (error) {
    signal.throwIfAborted();
    return `${host} does not answer: ${words(error, timeout)}`;
  } finally {
    await dispatcher.destroy();
  }
}

function words(error: unknown, timeout: number): string {
  switch (codeOf(error)) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its name cannot be resolved';
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
      return `nothing within ${timeout / 1000} s`;
    default:
      return causeText(error);
  }
}

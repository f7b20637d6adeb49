import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { EnvHttpProxyAgent, interceptors, type Dispatcher } from 'undici';
import type { Registry } from '../manifest/manifest.js';

/** Milliseconds. */
export interface RegistryLimits {
  /** For a connection, TLS included. */
  readonly connect: number;
  /** For the head of an answer, and between two pieces of its body. */
  readonly answer: number;
}

export interface RegistryConnection {
  /** `https://models.example:5000` */
  readonly origin: string;
  /**
   * Follows redirects to other hosts without `Authorization`, honours the proxy variables, trusts the registry's own
   * authority besides those that Node trusts.
   */
  readonly dispatcher: Dispatcher;
  close(): Promise<void>;
}

const mostRedirects = 5;

export function connectTo(host: string, registry: Registry | undefined, limits: RegistryLimits): RegistryConnection {
  const connect = {
    timeout: limits.connect,
    ...(registry?.ca !== undefined && { ca: [...trustedRoots(), registry.ca] }),
  };
  const times = { headersTimeout: limits.answer, bodyTimeout: limits.answer };
  const agent = new EnvHttpProxyAgent({ connect, requestTls: connect, ...times });
  return {
    origin: `${registry?.insecure ? 'http' : 'https'}://${host}`,
    dispatcher: agent.compose(interceptors.redirect({ maxRedirections: mostRedirects })),
    close: () => agent.destroy(),
  };
}

/** Naming a `ca` replaces Node's own, so these are named, too. */
function trustedRoots(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  if (getCACertificates !== undefined) return getCACertificates('default');
  const extra = process.env.NODE_EXTRA_CA_CERTS;
  return extra === undefined ? tls.rootCertificates : [...tls.rootCertificates, readFileSync(extra, 'utf8')];
}

import type { Gateway } from './gateway.js';
import { isIpv6, isWildcard } from './ip-address.js';

/**
 * Base URL of the gateway as this machine reaches it, without a slash at its end: `https://127.0.0.1:11443`. One that
 * listens on every address is reached on the loopback, which its local certificate is for, too.
 */
export function gatewayUrl({ address, port, tls }: Pick<Gateway, 'address' | 'port' | 'tls'>): string {
  const reached = isWildcard(address) ? (isIpv6(address) ? '::1' : '127.0.0.1') : address;
  return `${tls.kind === 'none' ? 'http' : 'https'}://${isIpv6(reached) ? `[${reached}]` : reached}:${port}`;
}

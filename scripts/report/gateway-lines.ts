import { row } from './row.js';
import { style } from './style.js';

/** The gateway as it is now. */
export interface GatewayStatus {
  readonly container: string;
  readonly url: string;
  /** Docker's word, or `absent`. */
  readonly state: string;
  /** Whether it answers, and refuses who has no key. */
  readonly up: boolean;
  /** Names of its keys; absent when it does not tell. */
  readonly keys?: readonly string[];
  /** RFC 3339; absent without TLS. */
  readonly certificateEnds?: string;
}

/** What is wrong with the gateway, in words. */
export function gatewayTroubles(
  { container, url, state, up, certificateEnds }: GatewayStatus,
  now = new Date(),
): string[] {
  if (state === 'absent') return [`gateway: there is no container ${container}; npm run up`];
  if (state !== 'running')
    return [`gateway: container ${container} is ${state}; npm run logs -- gateway, then npm run up`];
  if (!up) return [`gateway: the container runs, but nobody is refused at ${url}; npm run logs -- gateway`];
  const ended = certificateEnds !== undefined && Date.parse(certificateEnds) <= now.getTime();
  return ended ? [`gateway: its certificate ended on ${certificateEnds.slice(0, 10)}; npm run tls -- show`] : [];
}

/** `gateway   https://127.0.0.1:11443   running   2 keys   certificate until 2027-12-25`. */
export function gatewayLine({ url, state, up, keys, certificateEnds }: GatewayStatus): string {
  const facts = [
    up ? style.green(state) : style.red(state === 'running' ? 'running, does not answer' : state),
    ...(keys === undefined ? [] : [keysText(keys)]),
    ...(certificateEnds === undefined ? [] : [`certificate until ${certificateEnds.slice(0, 10)}`]),
  ];
  return `${row('gateway', url, facts.join('   '))}\n`;
}

/** `no key yet`, `1 key (alice)`, `12 keys`. */
export function keysText(keys: readonly string[]): string {
  if (keys.length === 0) return 'no key yet (npm run keys -- add NAME)';
  const names = keys.length <= 4 ? ` (${keys.join(', ')})` : '';
  return `${keys.length} key${keys.length === 1 ? '' : 's'}${names}`;
}

import type { GatewayPlan } from '../manifest/gateway-plan.js';
import type { GatewayLayout } from './gateway-layout.js';
import { apiRules, configText, defaults, globalLines, poolRules, sizeRule } from './haproxy-rules.js';
import type { Section } from './haproxy-rules.js';

/** Bytes of the buffer besides the body: headers, and what HAProxy keeps free to rewrite them. */
const headroom = 64 * 1024;

/**
 * The text of large.cfg: a second HAProxy beside the door, for bodies that the door's buffer cannot hold. It reads them
 * whole, because `model` may be the last word, and hands the request back with the name of the pool. Apart, because
 * HAProxy has one size for all buffers and copies a whole one for each request that it might have to send again:
 * measured with 8 MiB, 10 ms a request.
 */
export function largeConfig(plan: GatewayPlan, layout: GatewayLayout, connections: number): string {
  return configText([
    ['global', ...globalLines(plan.maxBody + headroom, connections)],
    defaults(layout),
    frontend(plan, layout),
    ['backend door', 'retry-on conn-failure', `server door ${layout.inner}`],
  ]);
}

function frontend({ maxBody }: GatewayPlan, { large, bodyTime }: GatewayLayout): Section {
  return [
    'frontend large',
    `bind ${large}`,
    'no log',
    ...apiRules,
    'http-request set-var(txn.route) path',
    'http-request set-var(txn.record) req.fhdr(x-door-record)',
    `http-request wait-for-body time ${bodyTime}ms`,
    sizeRule(maxBody),
    ...poolRules('{ always_true }'),
    'http-request set-header x-door-size %[req.body_size]',
    'http-request set-header x-door-pool %[var(txn.pool)]',
    'http-request set-header x-door-model %[var(txn.model)]',
    'http-request set-header x-door-streams %[var(txn.streams)]',
    'default_backend door',
  ];
}

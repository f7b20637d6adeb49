import type { GatewayPool } from '../manifest/gateway-plan.js';
import type { GatewayLayout } from './gateway-layout.js';
import type { Section } from './haproxy-rules.js';

/** The servers of a pool. */
export function backend({ name, servers }: GatewayPool, layout: GatewayLayout): Section {
  return [
    `backend ${name}`,
    'balance leastconn',
    'option httpchk GET /api/version',
    'http-check expect status 200',
    // A server that cannot be found does not keep the gateway from starting.
    'default-server resolvers docker resolve-prefer ipv4 init-addr last,libc,none',
    // A busy processor answers checks late, so three have to fail; but one that refuses a connection is gone, and as the
    // one with the fewest requests it would be chosen again and again.
    'default-server check inter 1s fastinter 200ms fall 3 rise 1 observe layer4 error-limit 1 on-error mark-down',
    ...servers.map((server) => `server ${server.container} ${layout.serverAddress(server)} maxconn ${server.slots}`),
  ];
}

/** How servers are found: their containers come and go, and so do their addresses. */
export function resolvers({ nameserver }: GatewayLayout): Section {
  return [
    'resolvers docker',
    `nameserver docker ${nameserver}`,
    'accepted_payload_size 8192',
    'hold valid 1s',
    'hold nx 1s',
    'timeout resolve 500ms',
    'timeout retry 500ms',
  ];
}

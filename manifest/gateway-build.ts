import { gatewaySchema, type RawGateway } from './gateway-schema.js';
import type { Gateway, GatewayTls, Observability } from './gateway.js';
import { grafanaSchema, prometheusSchema, type RawObservability } from './observability-schema.js';
import { parseBytes, parseDuration } from './units.js';

/**
 * The gateway of a declaration that passed every check. `chain`: text of its certificates, where it names files; nothing
 * else of such a file is ever held.
 */
export function buildGateway(declared: RawGateway | null, chain: string | undefined): Gateway {
  const raw = declared ?? gatewaySchema.parse({});
  return {
    image: raw.image,
    address: raw.address,
    port: raw.port,
    tls: buildTls(raw, chain),
    maxBody: typeof raw.max_body === 'number' ? raw.max_body : (parseBytes(raw.max_body) ?? 0),
    maxQueue: raw.max_queue,
    drain: typeof raw.drain === 'number' ? raw.drain : Math.ceil((parseDuration(raw.drain) ?? 0) / 1000),
    metricsPort: raw.metrics_port,
  };
}

function buildTls({ tls, names }: RawGateway, chain = ''): GatewayTls {
  if (tls === 'none') return { kind: 'none' };
  if (tls === 'local') return { kind: 'local', names };
  return { kind: 'files', certificate: tls.certificate, key: tls.key, chain };
}

/** Undefined where it is not wanted. */
export function buildObservability(raw: RawObservability | undefined): Observability | undefined {
  if (raw === undefined || raw === false) return undefined;
  const { prometheus, grafana } = raw === true ? {} : raw;
  return { prometheus: prometheus ?? prometheusSchema.parse({}), grafana: grafana ?? grafanaSchema.parse({}) };
}

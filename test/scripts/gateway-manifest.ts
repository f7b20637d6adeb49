import type { Gateway } from '../../manifest/gateway.js';
import type { Manifest } from '../../manifest/manifest.js';
import { validManifest, validServer } from './valid-manifest.js';

export const validGateway: Gateway = {
  image: 'haproxy:2.6',
  address: '127.0.0.1',
  port: 11_443,
  tls: { kind: 'local', names: [] },
  maxBody: 8 << 20,
  maxQueue: 512,
  drain: 300,
  metricsPort: 9464,
};

const { port: _, ...unpublished } = validServer;

/** The valid base behind a gateway, with Prometheus and Grafana beside it. */
export const gatewayManifest: Manifest = {
  ...validManifest,
  servers: [unpublished],
  gateway: validGateway,
  observability: {
    prometheus: { image: 'prom/prometheus:v2.53.5', port: 9090, retention: '15d' },
    grafana: { image: 'grafana/grafana:11.6.1', port: 3000 },
  },
};

import { describe, expect, it } from 'vitest';
import { gatewayPlan, type GatewayPool } from '../../manifest/gateway-plan.js';
import { parseManifest } from '../../manifest/parse.js';
import { placedManifest } from '../../manifest/placement.js';
import { certificate } from './certificate.js';

const deployed = { root: '../../..', image: 'haproxy@sha256:1', digest: (text: string) => `sha256:${text.length}` };

function plan(text: string): ReturnType<typeof gatewayPlan> {
  const { manifest, diagnostics } = parseManifest(`project: p\n${text}`, { env: {}, readText: () => certificate });
  if (manifest === undefined) throw new Error(JSON.stringify(diagnostics));
  return gatewayPlan(placedManifest(manifest, new Map()), deployed);
}

const pools = (text: string): readonly GatewayPool[] => plan(`gateway:\n${text}`)?.pools ?? [];

it('says everything that the verbs need', () => {
  expect(plan('gateway: { names: [a.example] }\nobservability: true\nmodels: { a: {} }')).toEqual({
    project: 'p',
    root: '../../..',
    container: 'p-gateway',
    volume: 'p-gateway',
    image: 'haproxy@sha256:1',
    address: '127.0.0.1',
    port: 11_443,
    metricsPort: 9464,
    tls: { kind: 'local', names: ['a.example'] },
    maxBody: 8 * 2 ** 20,
    maxQueue: 512,
    drain: 300,
    pools: [
      {
        name: 'pool-0',
        models: ['a:latest'],
        servers: [{ name: 'main', container: 'p-main', slots: 1, gpu: false }],
      },
    ],
    observability: {
      prometheus: { image: 'prom/prometheus:v2.53.5', port: 9090, retention: '15d' },
      grafana: { image: 'grafana/grafana:11.6.1', port: 3000 },
    },
  });
});

it('holds a digest in place of the certificates', () => {
  expect(plan('gateway: { tls: { certificate: ./c.pem, key: ./k.pem } }\nmodels: { a: {} }')?.tls).toEqual({
    kind: 'files',
    certificate: './c.pem',
    key: './k.pem',
    digest: `sha256:${certificate.length}`,
  });
});

it('is none without a gateway', () => {
  expect(plan('models: { a: {} }')).toBeUndefined();
});

describe('pools', () => {
  it('are the sets of servers that offer the same models, in the order of the models', () => {
    const text = `servers: { main: { replicas: 2, models: [a, c] }, big: { models: [a, b, c, d] }, idle: { models: [] } }
models: { b: {}, a: {}, c: {}, d: {}, nobody: {} }`;
    expect(
      pools(text).map(({ name, models, servers }) => [name, models, servers.map((server) => server.name)]),
    ).toEqual([
      ['pool-0', ['b:latest', 'd:latest'], ['big']],
      ['pool-1', ['a:latest', 'c:latest'], ['main-0', 'main-1', 'big']],
    ]);
  });

  it.each([
    ['', 2],
    ['num_parallel: 3', 6],
    ['env: { OLLAMA_NUM_PARALLEL: "4" }', 8],
    ['num_parallel: 3, max_loaded_models: 1', 3],
    ['env: { OLLAMA_MAX_LOADED_MODELS: "1" }', 1],
    ['env: { OLLAMA_NUM_PARALLEL: "0" }', 2],
  ])('a server of { %s } answers %i at once', (keys, slots) => {
    expect(pools(`servers: { main: { ${keys} } }\nmodels: { a: {}, b: {} }`)[0]?.servers[0]?.slots).toBe(slots);
  });

  it("bound the models of a server by Ollama's own rule, three for each GPU", () => {
    const models = 'models: { a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {} }';
    const slots = (keys: string): unknown => pools(`servers: { main: { ${keys} } }\n${models}`)[0]?.servers[0];
    expect(slots('')).toMatchObject({ slots: 3, gpu: false });
    expect(slots('gpu: { vendor: nvidia, devices: [0, 1] }')).toMatchObject({ slots: 6, gpu: true });
    expect(slots('gpu: all')).toMatchObject({ slots: 3, gpu: true });
    expect(slots('gpu: { vendor: jetson }')).toMatchObject({ slots: 3, gpu: true });
  });
});

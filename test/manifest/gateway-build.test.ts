import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../manifest/manifest.js';
import { parseManifest } from '../../manifest/parse.js';

function parse(text: string, profile?: string): Manifest {
  const { manifest, diagnostics } = parseManifest(`project: p\n${text}\nmodels: { a: {} }\n`, { env: {}, profile });
  if (manifest === undefined) throw new Error(JSON.stringify(diagnostics));
  return manifest;
}

const defaults = {
  image: 'haproxy:2.6',
  address: '127.0.0.1',
  port: 11_443,
  tls: { kind: 'local', names: [] },
  maxBody: 8 * 2 ** 20,
  maxQueue: 512,
  drain: 300,
  metricsPort: 9464,
};

it.each(['gateway:', 'gateway: {}'])('%s takes every default', (text) => {
  expect(parse(text).gateway).toEqual(defaults);
});

it.each([
  ['image: "haproxy:3.0"', { image: 'haproxy:3.0' }],
  ['address: 0.0.0.0', { address: '0.0.0.0' }],
  ['port: 443', { port: 443 }],
  ['tls: none', { tls: { kind: 'none' } }],
  ['names: [a.example]', { tls: { kind: 'local', names: ['a.example'] } }],
  ['max_body: 1MiB', { maxBody: 2 ** 20 }],
  ['max_body: 100000', { maxBody: 100_000 }],
  ['max_queue: 7', { maxQueue: 7 }],
  ['drain: 1m30s', { drain: 90 }],
  ['drain: 7', { drain: 7 }],
  ['drain: 500ms', { drain: 1 }],
  ['metrics_port: 1', { metricsPort: 1 }],
])('{ %s }', (keys, changed) => {
  expect(parse(`gateway: { ${keys} }`).gateway).toEqual({ ...defaults, ...changed });
});

it('is not there unless it is declared, and a profile can take it away', () => {
  expect(parse('')).not.toHaveProperty('gateway');
  const text = 'gateway: { port: 1 }\nprofiles: { local: { gateway: null }, ci: { gateway: { drain: 1 } } }';
  expect(parse(text, 'local')).not.toHaveProperty('gateway');
  expect(parse(text, 'ci').gateway).toEqual({ ...defaults, port: 1, drain: 1 });
});

describe('what watches it', () => {
  const prometheus = { image: 'prom/prometheus:v2.53.5', port: 9090, retention: '15d' };
  const grafana = { image: 'grafana/grafana:11.6.1', port: 3000 };

  it.each([
    ['true', { prometheus, grafana }],
    ['{}', { prometheus, grafana }],
    [
      '{ prometheus: { port: 1, retention: 1d12h } }',
      { prometheus: { ...prometheus, port: 1, retention: '1d12h' }, grafana },
    ],
    ['{ grafana: { image: "g:1" } }', { prometheus, grafana: { ...grafana, image: 'g:1' } }],
    ['false', undefined],
  ])('%s', (text, expected) => {
    expect(parse(`gateway:\nobservability: ${text}`).observability).toEqual(expected);
  });
});

const ports = (text: string): (number | undefined)[] => parse(text).servers.map(({ port }) => port);

it('lets servers be without a port, and keeps one that is declared', () => {
  expect(ports('gateway:')).toEqual([undefined]);
  expect(ports('gateway:\nservers: { a: { port: 1 }, b: {} }')).toEqual([1, undefined]);
  expect(ports('')).toEqual([11_434]);
});

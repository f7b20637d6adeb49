import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../manifest/parse.js';
import { report } from './base-manifest.js';
import { certificate } from './certificate.js';

const files: Readonly<Record<string, string>> = {
  './cert.pem': `of our authority\n${certificate}${certificate}`,
  './both.pem': `${certificate}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
  './der.cer': 'binary',
};
const asked: string[] = [];
const readText = (path: string): string | undefined => {
  asked.push(path);
  return files[path];
};
const models = 'models: { a: {} }\n';
const lines = (text: string): string[] => report(`${text}\n${models}`, { readText });

it.each<[name: string, text: string, line: string]>([
  [
    'plain HTTP for everybody',
    'gateway: { address: 0.0.0.0, tls: none }',
    '1:35 gateway.tls: keys and prompts would pass 0.0.0.0 readable to everybody on the way; leave tls out for a local certificate, name certificate files, or listen on 127.0.0.1',
  ],
  [
    'a name for an address',
    'gateway: { address: ollama.team.example }',
    '1:21 gateway.address: must be an IPv4 or IPv6 address of this machine, got "ollama.team.example"',
  ],
  [
    'an address with a port',
    'gateway: { address: "0.0.0.0:11443" }',
    '1:21 gateway.address: must be an IPv4 or IPv6 address of this machine, got "0.0.0.0:11443"',
  ],
  [
    'another word for tls',
    'gateway: { tls: lokal }',
    '1:17 gateway.tls: must be local or none, got "lokal"; did you mean "local"?',
  ],
  ['a certificate without a key', 'gateway: { tls: { certificate: ./cert.pem } }', '1:12 gateway.tls.key: is missing'],
  [
    'a certificate that is not there',
    'gateway: { tls: { certificate: ./none.pem, key: ./key.pem } }',
    '1:32 gateway.tls.certificate: cannot read ./none.pem, the certificate of the gateway; create it, or name another file; paths are relative to the manifest',
  ],
  [
    'a certificate that is none',
    'gateway: { tls: { certificate: ./der.cer, key: ./key.pem } }',
    '1:32 gateway.tls.certificate: ./der.cer, the certificate of the gateway, holds no certificate in PEM; name a PEM file with the certificate and those it was signed by, and keep the private key in one of its own',
  ],
  [
    'a certificate with its key',
    'gateway: { tls: { certificate: ./both.pem, key: ./key.pem } }',
    '1:32 gateway.tls.certificate: ./both.pem, the certificate of the gateway, holds a private key; name a PEM file with the certificate and those it was signed by, and keep the private key in one of its own',
  ],
  [
    'one file for both',
    'gateway: { tls: { certificate: ./both.pem, key: ./both.pem } }',
    '1:49 gateway.tls.key: names the file of the certificate, which is read into the plan; keep the private key in a file of its own',
  ],
  [
    'a name with a scheme',
    'gateway: { names: [fine.example, "https://a.example"] }',
    '1:34 gateway.names[1]: "https://a.example" is no DNS name and no address; without scheme, port and path',
  ],
  [
    'a name that is none',
    'gateway: { names: [a_b] }',
    '1:20 gateway.names[0]: "a_b" is no DNS name and no address; write it as in ollama.team.example or *.team.example',
  ],
  [
    'names beside certificate files',
    'gateway: { tls: { certificate: ./cert.pem, key: ./key.pem }, names: [a.example] }',
    '1:62 gateway.names: the certificate has its names; take the key out, or write tls: local',
  ],
  [
    'names without TLS',
    'gateway: { tls: none, names: [a.example] }',
    '1:23 gateway.names: without TLS there is no certificate with names; take the key out, or write tls: local',
  ],
  [
    'a body too large',
    'gateway: { max_body: 65MiB }',
    '1:22 gateway.max_body: must be a size from 64 KiB to 64 MiB, such as 8MiB, got "65MiB"',
  ],
  [
    'no time to drain',
    'gateway: { drain: "-1" }',
    '1:19 gateway.drain: must be a duration from 0 to 24h, such as 5m or 90s, or seconds, got "-1"',
  ],
  ['no queue', 'gateway: { max_queue: 0 }', '1:23 gateway.max_queue: must be at least 1, got 0'],
  [
    'a wrong image',
    'gateway: { image: "HAProxy 2" }',
    '1:19 gateway.image: "HAProxy 2" is no image reference; write name:tag or name@sha256:…',
  ],
  ['an unknown key', 'gateway: { adress: 0.0.0.0 }', '1:12 gateway.adress: unknown key; did you mean "address"?'],
  [
    'a wrong retention',
    'gateway:\nobservability: { prometheus: { retention: 15 days } }',
    '2:43 observability.prometheus.retention: must be a duration of Prometheus, such as 15d or 12h, got "15 days"',
  ],
  [
    'something to watch without a gateway',
    'observability: true',
    '1:1 observability: watches the gateway, and there is none; declare one: gateway: {}',
  ],
  [
    'replicas without a gateway',
    'servers: { main: { replicas: 3 } }',
    '1:20 servers.main.replicas: needs a gateway, which gives the replicas one address; declare one: gateway: {}',
  ],
])('%s', (_, text, line) => {
  expect(lines(text)).toEqual([`models.yaml:${line}`]);
});

describe('ports', () => {
  it.each([
    [
      'a server',
      'gateway: { port: 1 }\nservers: { main: { port: 1 } }',
      '1:18 gateway.port: 1 is also the port of server "main"; write another port here or there',
    ],
    [
      'a part of a server',
      'gateway: { address: "::", port: 2 }\nservers: { main: { port: 1, gpu: { vendor: nvidia, devices: 2 }, placement: auto } }',
      '1:33 gateway.port: 2 is also the port of server "main"; write another port here or there',
    ],
    [
      'the door',
      'gateway: { port: 1, metrics_port: 1 }',
      '1:35 gateway.metrics_port: 1 is also the port of the gateway; write another metrics_port here or there',
    ],
    [
      'the metrics',
      'gateway:\nobservability: { prometheus: { port: 9464 } }',
      '2:38 observability.prometheus.port: 9464 is also the port of the metrics; write another port here or there',
    ],
    [
      'Prometheus, where nothing is written',
      'gateway:\nobservability: { grafana: { port: 9090 } }',
      '2:35 observability.grafana.port: 9090 is also the port of Prometheus; write another port here or there',
    ],
  ])('are taken by %s', (_, text, line) => {
    expect(lines(text)).toEqual([`models.yaml:${line}`]);
  });

  it('are free on another address of this machine', () => {
    expect(lines('gateway: { address: 192.0.2.1, port: 1 }\nservers: { main: { port: 1 } }')).toEqual([]);
  });
});

describe('names', () => {
  it.each(['gateway', 'prometheus', 'grafana'])('%s is not for a server', (name) => {
    expect(lines(`gateway:\nservers: { ${name}: {} }`)).toEqual([
      `models.yaml:2:12 servers.${name}: "${name}" is the name of what stands in front of the servers; rename it`,
    ]);
    expect(lines(`servers: { ${name}: {} }`)).toEqual([]);
  });

  it('the volume of the gateway is no store', () => {
    expect(lines('project: p\ngateway:\nservers: { main: { store: p-gateway } }')).toEqual([
      'models.yaml:3:27 servers.main.store: p-gateway holds what belongs to the gateway; name another volume',
    ]);
  });
});

describe('replicas', () => {
  it.each([
    [
      'with GPUs',
      'replicas: 2, gpu: all',
      '2:20 servers.main.replicas: would give the same GPUs to every replica; write placement: auto for one server a GPU, or one server with GPUs of its own for each',
    ],
    [
      'with placement',
      'replicas: 2, gpu: { vendor: nvidia, devices: 2 }, placement: auto',
      '2:20 servers.main.replicas: does not go with placement, which makes one server a GPU already; take one of the two out',
    ],
    [
      'with a port',
      'replicas: 2, port: 1',
      '2:20 servers.main.replicas: cannot share the port 1; take port out; the gateway is the one address of all replicas',
    ],
    ['too many', 'replicas: 65', '2:30 servers.main.replicas: must be at most 64, got 65'],
  ])('%s', (_, keys, line) => {
    expect(lines(`gateway:\nservers: { main: { ${keys} } }`)).toEqual([`models.yaml:${line}`]);
  });

  it('with a name that another server has', () => {
    expect(lines('gateway:\nservers: { main: { replicas: 3 }, main-2: {} }')).toEqual([
      'models.yaml:2:20 servers.main.replicas: names its parts "main-0" and so on, and there is a server "main-2" already; rename one of the two',
    ]);
  });
});

it('is right with every default, and with all that it may have', () => {
  asked.length = 0;
  expect(lines('gateway:')).toEqual([]);
  expect(lines('gateway: {}\nobservability: true\nservers: { a: {}, b: { replicas: 1 }, c: { port: 1 } }')).toEqual([]);
  expect(lines('gateway: { address: "::1", tls: none }')).toEqual([]);
  expect(lines('gateway: { address: "::", names: ["*.a.example", 192.0.2.1, "2001:db8::1"], drain: 0 }')).toEqual([]);
  expect(asked).toEqual([]);
});

it('never reads the private key', () => {
  asked.length = 0;
  const text = `gateway: { address: 0.0.0.0, tls: { certificate: ./cert.pem, key: ./key.pem } }\n${models}`;
  const { manifest, diagnostics, reads } = parseManifest(text, { env: {}, readText });
  expect(diagnostics).toEqual([]);
  expect(asked).toEqual(['./cert.pem']);
  expect(reads).toEqual(['./cert.pem']);
  expect(manifest?.gateway?.tls).toEqual({
    kind: 'files',
    certificate: './cert.pem',
    key: './key.pem',
    chain: `${certificate}${certificate}`,
  });
});

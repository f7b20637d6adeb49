import { describe, expect, it } from 'vitest';
import type { Manifest, Server } from '../../../manifest/manifest.js';
import { needsFacts, newServers, preflight, type PreflightFacts } from '../../../scripts/deploy/preflight.js';
import { newServices } from '../../../scripts/deploy/service-findings.js';
import { gatewayManifest, validGateway } from '../gateway-manifest.js';
import { validManifest, validServer } from '../valid-manifest.js';

const clear: PreflightFacts = { busyPorts: new Map(), containers: new Map(), volumes: new Map() };
const deployed = {
  project: 'scr1',
  containers: [{ name: 'scr1-main', ports: [21434] }],
  addresses: new Set<string>(),
  attributes: new Map(),
};
const withServer = (changes: Partial<Server>): Manifest => ({
  ...validManifest,
  servers: [{ ...validServer, ...changes }],
});
const nvidia = withServer({ gpu: { vendor: 'nvidia', devices: 'all' } });

describe('preflight', () => {
  it('finds nothing on a machine where nothing is in the way', () => {
    expect(preflight(validManifest, clear)).toEqual([]);
  });

  it.each<[string, Manifest, Partial<PreflightFacts>, string, RegExp]>([
    [
      'a port in use by a program',
      validManifest,
      { busyPorts: new Map([[21434, undefined]]) },
      'port-in-use',
      /^port 21434 of server main is in use by another program$/,
    ],
    [
      'a port in use by a container',
      validManifest,
      { busyPorts: new Map([[21434, 'web']]) },
      'port-in-use',
      /in use by container web$/,
    ],
    [
      'a foreign container',
      validManifest,
      { containers: new Map([['scr1-main', undefined]]) },
      'foreign-container',
      /^container scr1-main, which server main needs, exists already and is not ours$/,
    ],
    [
      'a container of another project',
      validManifest,
      { containers: new Map([['scr1-main', 'other']]) },
      'foreign-container',
      /not ours, but of project other$/,
    ],
    [
      'our own container without state',
      validManifest,
      { containers: new Map([['scr1-main', 'scr1']]) },
      'lost-container',
      /terraform\.scr1\.tfstate does not know it$/,
    ],
    [
      'a foreign volume',
      validManifest,
      { volumes: new Map([['scr1-models', undefined]]) },
      'foreign-volume',
      /^volume scr1-models exists already and is not ours$/,
    ],
    [
      'a volume of another project',
      validManifest,
      { volumes: new Map([['scr1-models', 'other']]) },
      'foreign-volume',
      /of project other$/,
    ],
    [
      'a state of another project',
      validManifest,
      { state: { ...deployed, project: 'other' } },
      'foreign-state',
      /terraform\.scr1\.tfstate is the state of project other, not of project scr1/,
    ],
    [
      'a state of other containers',
      validManifest,
      { state: { containers: [{ name: 'x-main', ports: [1] }], addresses: new Set(), attributes: new Map() } },
      'foreign-state',
      /another deployment \(container x-main\)/,
    ],
    [
      'a GPU without a runtime',
      nvidia,
      { nvidia: false },
      'no-gpu-runtime',
      /^server main asks for an NVIDIA GPU, but the engine has no NVIDIA runtime$/,
    ],
  ])('names %s and says what to do', (_case, manifest, facts, code, message) => {
    const findings = preflight(manifest, { ...clear, ...facts });
    expect(findings.map((finding) => finding.code)).toEqual([code]);
    expect(findings[0]?.message).toMatch(message);
    expect(findings[0]?.next).toBeTruthy();
  });

  it('tells everything at once', () => {
    const facts = {
      ...clear,
      busyPorts: new Map([[21434, undefined]]),
      volumes: new Map([['scr1-models', undefined]]),
    };
    expect(preflight(validManifest, facts).map(({ code }) => code)).toEqual(['port-in-use', 'foreign-volume']);
  });

  it.each<[string, Partial<PreflightFacts>]>([
    ['a port that its own container holds', { state: deployed, busyPorts: new Map([[21434, 'scr1-main']]) }],
    ['its own container', { state: deployed, containers: new Map([['scr1-main', 'scr1']]) }],
    ['its own volume', { volumes: new Map([['scr1-models', 'scr1']]) }],
  ])('does not mind %s', (_case, facts) => {
    expect(preflight(validManifest, { ...clear, ...facts })).toEqual([]);
  });

  it('does not mind a GPU that the engine can give', () => {
    expect(preflight(nvidia, { ...clear, nvidia: true })).toEqual([]);
  });
});

describe('newServers', () => {
  it.each<[string, Manifest, typeof deployed | undefined, number]>([
    ['no state', validManifest, undefined, 1],
    ['the same port', validManifest, deployed, 0],
    ['another port', withServer({ port: 1 }), deployed, 1],
  ])('%s', (_case, manifest, state, count) => {
    expect(newServers(manifest, state)).toHaveLength(count);
  });
});

describe('preflight of a gateway', () => {
  const names = ['scr1-gateway', 'scr1-prometheus', 'scr1-grafana'];
  const state = {
    ...deployed,
    containers: [
      { name: 'scr1-main-0a1b2c3d', ports: [] },
      { name: 'scr1-gateway', ports: [11_443, 9464] },
      { name: 'scr1-prometheus', ports: [9090] },
      { name: 'scr1-grafana', ports: [3000] },
    ],
  };

  it('knows what is deployed, however the names of its servers end', () => {
    expect(needsFacts(gatewayManifest, state)).toBe(false);
    expect(
      newServers(gatewayManifest, { ...state, containers: [{ name: 'scr1-main-0a1b2c3', ports: [] }] }),
    ).toHaveLength(1);
    expect(
      preflight(gatewayManifest, { ...clear, containers: new Map([['scr1-main-0a1b2c3d', 'scr1']]), state }),
    ).toEqual([]);
  });

  it('wants nothing for what is left out because its image is not to be had', () => {
    const leftOut = ['grafana/grafana:11.6.1'];
    const containers = state.containers.filter(({ name }) => name !== 'scr1-grafana');
    expect(needsFacts(gatewayManifest, { ...state, containers })).toBe(true);
    expect(needsFacts(gatewayManifest, { ...state, containers }, leftOut)).toBe(false);
    expect(preflight(gatewayManifest, { ...clear, leftOut, busyPorts: new Map([[3000, undefined]]) })).toEqual([]);
  });

  it('finds a server of this project that the state does not know', () => {
    const containers = new Map([['scr1-main-0a1b2c3d', 'scr1']]);
    expect(preflight(gatewayManifest, { ...clear, containers })).toEqual([
      expect.objectContaining({
        code: 'lost-container',
        next: expect.stringContaining('docker rm -f scr1-main-0a1b2c3d'),
      }),
    ]);
  });

  it.each<[string, Partial<PreflightFacts>, string, RegExp]>([
    ['its port is taken', { busyPorts: new Map([[11_443, 'web']]) }, 'port-in-use', /set another `gateway.port`/],
    [
      'the port of the metrics is taken',
      { busyPorts: new Map([[9464, undefined]]) },
      'port-in-use',
      /`gateway.metrics_port`/,
    ],
    [
      'that of Prometheus is taken',
      { busyPorts: new Map([[9090, undefined]]) },
      'port-in-use',
      /`observability.prometheus.port`/,
    ],
    [
      'that of Grafana is taken',
      { busyPorts: new Map([[3000, undefined]]) },
      'port-in-use',
      /`observability.grafana.port`/,
    ],
    [
      'its container is of another project',
      { containers: new Map([['scr1-gateway', 'other']]) },
      'foreign-container',
      /never touched/,
    ],
    [
      'its container is unknown to the state',
      { containers: new Map([['scr1-gateway', 'scr1']]) },
      'lost-container',
      /keys and certificates stay/,
    ],
    [
      'its volume is not ours',
      { volumes: new Map([['scr1-gateway', undefined]]) },
      'foreign-volume',
      /choose another `project`/,
    ],
  ])('tells when %s', (_case, facts, code, next) => {
    const findings = preflight(gatewayManifest, { ...clear, ...facts });
    expect(findings).toEqual([expect.objectContaining({ code, next: expect.stringMatching(next) })]);
  });

  it('takes a volume of this project, in which keys may lie already', () => {
    expect(preflight(gatewayManifest, { ...clear, volumes: new Map(names.map((name) => [name, 'scr1'])) })).toEqual([]);
  });

  it('tells that a port is taken also when it is deployed on another one', () => {
    const containers = new Map([['scr1-gateway', 'scr1']]);
    const moved = { ...gatewayManifest, gateway: { ...validGateway, port: 12_443 } };
    const facts = { ...clear, containers, state, busyPorts: new Map([[12_443, undefined]]) };
    expect(preflight(moved, facts)).toEqual([expect.objectContaining({ code: 'port-in-use' })]);
    const server = { ...deployed, containers: [{ name: 'scr1-main', ports: [1] }] };
    const own = { ...clear, containers: new Map([['scr1-main', 'scr1']]), state: server };
    expect(preflight(validManifest, { ...own, busyPorts: new Map([[21434, undefined]]) })).toEqual([
      expect.objectContaining({ code: 'port-in-use' }),
    ]);
  });

  it('asks only about a port that is new', () => {
    const moved = { ...gatewayManifest, gateway: { ...validGateway, port: 12_443 } };
    expect(newServices(moved, state)).toEqual([
      expect.objectContaining({ name: 'gateway', ports: [expect.objectContaining({ port: 12_443 })] }),
    ]);
    expect(needsFacts(moved, state)).toBe(true);
  });
});

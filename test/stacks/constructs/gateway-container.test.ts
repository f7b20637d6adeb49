import { describe, expect, it } from 'vitest';
import type { Gateway, Observability } from '../../../manifest/gateway.js';
import { image, only, parse, synthesized, text, watched, type Synthesized } from '../gateway-synthesis.js';

describe('the container of the gateway', () => {
  it.each([
    ['has a read-only root', 'read_only', true],
    ['has no capability', 'capabilities', { drop: ['ALL'] }],
    ['gains no privilege', 'security_opts', ['no-new-privileges:true']],
    ['is no root', 'user', '99:99'],
    ['is on the network of its project', 'network_mode', 'p'],
    ['comes back after a reboot', 'restart', 'unless-stopped'],
    [
      'is published on 127.0.0.1',
      'ports',
      [
        { internal: 11443, external: 11443, ip: '127.0.0.1', protocol: 'tcp' },
        { internal: 9464, external: 9464, ip: '127.0.0.1', protocol: 'tcp' },
      ],
    ],
    [
      'can only read its volume',
      'mounts',
      [
        { type: 'volume', source: 'p-gateway', target: '/gateway', read_only: true },
        { type: 'tmpfs', target: '/tmp' },
        { type: 'tmpfs', target: '/run' },
      ],
    ],
    [
      'reads the configuration that is in force',
      'command',
      ['haproxy', '-W', '-db', '-S', '127.0.0.1:9999,level,admin', '-f', '/gateway/current/haproxy.cfg'],
    ],
  ])('%s', (_, attribute, value) => {
    const { json } = synthesized(parse(text));
    expect(only(json, 'docker_container.gateway')[attribute]).toEqual(value);
  });

  it('carries the revision of the plan', () => {
    const { json, plan } = synthesized(parse(text));
    expect(plan.revision).toMatch(/^[0-9a-f]{16}$/);
    expect(only(json, 'docker_container.gateway')['labels']).toContainEqual({
      label: 'io.ollama-stacks.gateway',
      value: plan.revision,
    });
  });
});

interface Case<T> {
  readonly change: Partial<T>;
  /** Whether the container of the gateway becomes another one. */
  readonly replaces: boolean;
}

/** The compiler asks for a case of every property, so none can ship that reaches nothing. */
const cases = {
  image: { change: { image: 'haproxy:3.0' }, replaces: true },
  address: { change: { address: '0.0.0.0' }, replaces: true },
  port: { change: { port: 2 }, replaces: true },
  metricsPort: { change: { metricsPort: 3 }, replaces: true },
  tls: { change: { tls: { kind: 'none' } }, replaces: false },
  maxBody: { change: { maxBody: 2 ** 20 }, replaces: false },
  maxQueue: { change: { maxQueue: 1 }, replaces: false },
  drain: { change: { drain: 1 }, replaces: false },
} satisfies Record<keyof Gateway, Case<Gateway>>;

const rollout = ({ json }: Synthesized): unknown => only(json, 'terraform_data.rollout')['triggers_replace'];

it.each(Object.entries<Case<Gateway>>(cases))(
  '%s of a gateway changes what is rolled out',
  (_, { change, replaces }) => {
    const manifest = parse(text);
    const before = synthesized(manifest);
    const after = synthesized({ ...manifest, gateway: { ...manifest.gateway!, ...change } });
    expect(after.plan).toMatchObject(change);
    expect(after.plan.revision !== before.plan.revision).toBe(replaces);
    expect(rollout(after)).not.toEqual(rollout(before));
  },
);

const loopback = { ip: '127.0.0.1', protocol: 'tcp' };
const observers = {
  prometheus: {
    change: { prometheus: { image: 'q:1', port: 5, retention: '1d' } },
    container: {
      image: 'q:1',
      ports: [{ internal: 9090, external: 5, ...loopback }],
      command: expect.arrayContaining(['--storage.tsdb.retention.time=1d']),
    },
  },
  grafana: {
    change: { grafana: { image: 'g:1', port: 6 } },
    container: { image: 'g@sha256:1', ports: [{ internal: 3000, external: 6, ...loopback }] },
  },
} satisfies Record<keyof Observability, { readonly change: Partial<Observability>; readonly container: unknown }>;

it.each(Object.entries(observers))('%s changes the stack', (name, { change, container }) => {
  const resolved = { engine: { version: '', source: '', host: 'unix:///e' }, images: { 'g:1': image('g@sha256:1') } };
  const manifest = parse(watched);
  const { json } = synthesized({ ...manifest, observability: { ...manifest.observability!, ...change } }, resolved);
  const containers = Object.values(json.resource['docker_container']!);
  expect(containers.find((one) => one['name'] === `p-${name}`)).toMatchObject(container);
});

it('Grafana is left out where its image cannot be had', () => {
  const { json } = synthesized(parse(watched));
  const names = Object.values(json.resource['docker_container']!).map(({ name }) => name);
  expect(names).toContain('p-prometheus');
  expect(names).not.toContain('p-grafana');
});

import { expect, it } from 'vitest';
import { isPinned, pinnedReference } from '../../toolchain/image-pin.js';

it.each([
  ['haproxy:2.6', true],
  ['docker.io/library/haproxy:2.6-alpine', true],
  ['registry.example:5000/haproxytech/haproxy-debian:2.6', true],
  ['prom/prometheus:v2.53.5', true],
  ['grafana/grafana:11.6.1', true],
  ['ollama/ollama:0.34.0', false],
  ['registry.example/team/ollama:1', false],
  ['haproxy/ollama:1', false],
])('%s is deployed by digest: %s', (declared, pinned) => {
  expect(isPinned(declared)).toBe(pinned);
});

const [one, other] = ['1', '2'].map((digit) => `sha256:${digit.repeat(64)}`);

it.each([
  ['haproxy:2.6', `haproxy@${one}`],
  ['docker.io/library/haproxy:2.6', `haproxy@${one}`],
  ['index.docker.io/library/haproxy', `haproxy@${one}`],
  [`haproxy:2.6@${one}`, `haproxy@${one}`],
  ['registry.example:5000/haproxy:2.6', `registry.example:5000/haproxy@${other}`],
  ['prom/haproxy:2.6', 'prom/haproxy:2.6'],
])('%s among the digests of two repositories: %s', (declared, reference) => {
  expect(pinnedReference(declared, [`registry.example:5000/haproxy@${other}`, `haproxy@${one}`])).toBe(reference);
});

it('an image that came from no registry keeps its name', () => {
  expect(pinnedReference('haproxy:2.6', [])).toBe('haproxy:2.6');
});

import { describe, expect, it } from 'vitest';
import type { GatewayTls } from '../../../manifest/gateway.js';
import { gatewayRepeats } from '../../../scripts/deploy/gateway-repeats.js';
import type { ResourceLabel } from '../../../scripts/deploy/synthesized-stack.js';

const labels = new Map<string, ResourceLabel>([
  ['terraform_data.ensure', { kind: 'volume', name: 'p-gateway' }],
  ['terraform_data.store', { kind: 'volume', name: 'p-models' }],
  ['terraform_data.rollout', { kind: 'rollout', name: 'rollout' }],
  ['docker_container.gateway', { kind: 'gateway', name: 'gateway' }],
]);
const now = Date.parse('2026-11-23T00:00:00Z');
const local: GatewayTls = { kind: 'local', names: [] };
const repeats = (answer: { certificateEnds?: string } | undefined, tls: GatewayTls = local): string[] =>
  gatewayRepeats(labels, { project: 'p', tls }, answer, now);

describe('what is run again for a gateway', () => {
  it('nothing while it answers with a certificate that lasts, or without one', () => {
    expect(repeats({ certificateEnds: '2026-12-24T00:00:00.000Z' })).toEqual([]);
    expect(repeats({})).toEqual([]);
  });

  it('the rollout, which renews, when a certificate of its own authority ends within 30 days', () => {
    expect(repeats({ certificateEnds: '2026-12-22T00:00:00.000Z' })).toEqual(['terraform_data.rollout']);
  });

  it('nothing for the end of a certificate that the user brings: only the user can renew it', () => {
    const files: GatewayTls = { kind: 'files', certificate: 'cert.pem', key: 'key.pem', chain: '' };
    expect(repeats({ certificateEnds: '2026-11-24T00:00:00.000Z' }, files)).toEqual([]);
  });

  it('its volume and the rollout when it does not answer', () => {
    expect(repeats(undefined)).toEqual(['terraform_data.ensure', 'terraform_data.rollout']);
  });
});

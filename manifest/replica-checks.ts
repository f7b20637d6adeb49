import type { Finding } from './diagnostics.js';
import { checkPartNames } from './placement-checks.js';
import type { RawServer } from './server-schema.js';

/** What keeps a server from being there several times. */
export function checkReplicas(name: string, server: Partial<RawServer>, declared: readonly string[]): Finding[] {
  const { replicas, gpu = 'none', port, placement } = server;
  if (replicas === undefined) return [];
  const finding = { severity: 'error', code: 'replicas', path: ['servers', name, 'replicas'], atKey: true } as const;
  const findings: Finding[] = [];
  const vendor = typeof gpu === 'object' ? gpu.vendor : gpu;
  if (placement !== undefined) {
    const message = 'does not go with placement, which makes one server a GPU already';
    findings.push({ ...finding, message, hint: 'take one of the two out' });
  } else if (vendor !== 'none') {
    const message = 'would give the same GPUs to every replica';
    const hint = 'write placement: auto for one server a GPU, or one server with GPUs of its own for each';
    findings.push({ ...finding, message, hint });
  }
  if (port !== undefined) {
    const message = `cannot share the port ${port}`;
    findings.push({ ...finding, message, hint: 'take port out; the gateway is the one address of all replicas' });
  }
  return [...findings, ...checkPartNames(name, 'replicas', replicas, declared)];
}

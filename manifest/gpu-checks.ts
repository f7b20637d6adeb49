import type { Finding } from './diagnostics.js';
import type { RawManifest } from './schema.js';

/** What the schema cannot say about the devices of the NVIDIA servers. */
export function checkGpus(manifest: RawManifest): Finding[] {
  return Object.entries(manifest.servers).flatMap(([name, server]) => {
    const gpu = server?.gpu;
    if (typeof gpu !== 'object' || gpu.vendor !== 'nvidia' || !Array.isArray(gpu.devices)) return [];
    return checkDevices(gpu.devices.map(String), name);
  });
}

function checkDevices(devices: readonly string[], server: string): Finding[] {
  const path = ['servers', server, 'gpu', 'devices'];
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const [index, device] of devices.entries()) {
    const key = device.toLowerCase();
    if (seen.has(key)) {
      const message = `the device ${JSON.stringify(device)} is here twice`;
      findings.push({ severity: 'error', code: 'gpu-twice', path: [...path, index], message });
    }
    seen.add(key);
  }
  const cdi = devices.filter((device) => device.includes('='));
  if (cdi.length > 0 && cdi.length < devices.length) {
    const message = 'mixes CDI names with indexes or UUIDs; Docker takes one kind a container';
    findings.push({ severity: 'error', code: 'gpu-mixed', path, message });
  }
  if (devices.filter((device) => device.startsWith('MIG-')).length > 1) {
    const message = 'a process of CUDA sees one MIG slice only';
    findings.push({ severity: 'warning', code: 'gpu-mig', path, message, hint: 'declare one server a slice' });
  }
  return findings;
}

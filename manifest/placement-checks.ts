import type { Finding } from './diagnostics.js';
import { partCount, partName } from './placement-devices.js';
import type { RawServer } from './server-schema.js';

/** What keeps a server of `placement: auto` from being split: GPUs that nobody names, and names that are taken. */
export function checkPlacement(name: string, server: Partial<RawServer>, declared: readonly string[]): Finding[] {
  const { gpu, placement } = server;
  if (placement === undefined || gpu === undefined) return [];
  const parts = partsOf(server);
  if (parts !== undefined) return checkPartNames(name, 'placement', parts, declared);
  const [place, message, hint] = refusal(gpu);
  return [{ severity: 'error', code: 'placement', path: ['servers', name, ...place], message, hint }];
}

/** How many servers `placement` makes of one; undefined when it is not asked for, or cannot be done. */
export function partsOf({ gpu, placement }: Partial<RawServer>): number | undefined {
  if (placement === undefined || typeof gpu !== 'object' || !('devices' in gpu)) return undefined;
  return partCount(gpu);
}

function refusal(gpu: RawServer['gpu']): [place: string[], message: string, hint: string] {
  const vendor = typeof gpu === 'object' ? gpu.vendor : gpu;
  if (vendor === 'none')
    return [
      ['placement'],
      'makes one server a GPU, and this server has none',
      'remove it, or name GPUs: gpu: { vendor: nvidia, devices: [0, 1] }',
    ];
  if (vendor === 'jetson') return [['placement'], 'has nothing to split: a Jetson board has one GPU', 'remove it'];
  const some = vendor === 'all' || vendor === 'nvidia' ? '[0, 1]' : '[renderD128, renderD129]';
  return [
    typeof gpu === 'object' ? ['gpu', 'devices'] : ['gpu'],
    'names no devices, so placement would make other servers on every machine',
    `list them, as in devices: ${some}; npm run doctor shows those of this machine`,
  ];
}

/** Parts are named after their server, by whichever `key` asks for them, and the names must be free. */
export function checkPartNames(
  name: string,
  key: 'placement' | 'replicas',
  parts: number,
  declared: readonly string[],
): Finding[] {
  const taken = declared.find((other) => {
    const index = other.startsWith(`${name}-`) ? other.slice(name.length + 1) : '';
    return /^(0|[1-9]\d*)$/.test(index) && Number(index) < parts;
  });
  if (taken === undefined) return [];
  const names = parts === 1 ? JSON.stringify(partName(name, 0)) : `${JSON.stringify(partName(name, 0))} and so on`;
  const message = `names its parts ${names}, and there is a server ${JSON.stringify(taken)} already`;
  const path = ['servers', name, key];
  return [{ severity: 'error', code: `${key}-name`, path, message, hint: 'rename one of the two', atKey: true }];
}

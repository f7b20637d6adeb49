import { expect, it } from 'vitest';
import { changed, report } from './base-manifest.js';

it.each<[name: string, from: string, to: string, line: string]>([
  [
    'unknown GPU key',
    'devices: [0, 1]',
    'device: [0]',
    '12:28 servers.big.gpu.device: unknown key; did you mean "devices"?',
  ],
  ['no vendor', 'vendor: nvidia, ', '', '12:5 servers.big.gpu.vendor: is missing'],
  [
    'another vendor',
    'vendor: nvidia',
    'vendor: nvdia',
    '12:20 servers.big.gpu.vendor: must be none or nvidia or amd or vulkan, got "nvdia"',
  ],
  [
    'a bad device',
    '[0, 1]',
    '[0, foo]',
    '12:41 servers.big.gpu.devices[1]: must be an index, a UUID (GPU-… or MIG-…) or a CDI name (nvidia.com/gpu=0), got "foo"',
  ],
  ['a UUID twice', '[0, 1]', '[GPU-ab, GPU-AB]', '12:46 servers.big.gpu.devices[1]: the device "GPU-AB" is here twice'],
  ['an index twice', '[0, 1]', '[0, "0"]', '12:41 servers.big.gpu.devices[1]: the device "0" is here twice'],
  [
    'CDI and index',
    '[0, 1]',
    '[0, nvidia.com/gpu=1]',
    '12:37 servers.big.gpu.devices: mixes CDI names with indexes or UUIDs; Docker takes one kind a container',
  ],
  ['no GPU at all', '[0, 1]', '0', '12:37 servers.big.gpu.devices: must be at least 1, got 0'],
  [
    'two MIG slices',
    '[0, 1]',
    '[MIG-a, MIG-b]',
    '12:37 servers.big.gpu.devices: warning a process of CUDA sees one MIG slice only; declare one server a slice',
  ],
])('%s', (_, from, to, line) => {
  expect(report(changed(from, to))).toEqual([`models.yaml:${line}`]);
});

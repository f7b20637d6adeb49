import { expect, it } from 'vitest';
import type { Gpu } from '../../../manifest/manifest.js';
import { containerOf, manifestOf, terraformJson } from '../synthesis.js';

const node = (path: string): object => ({ host_path: path, container_path: path, permissions: 'rwm' });
const nvidia = (devices: 'all' | number | string[]): Gpu => ({ vendor: 'nvidia', devices });

it.each<[string, Gpu, object]>([
  ['no GPU', { vendor: 'none' }, {}],
  ['all NVIDIA', nvidia('all'), { gpus: 'all' }],
  ['a count', nvidia(2), { gpus: '2' }],
  ['one index', nvidia(['1']), { gpus: 'device=1' }],
  ['one UUID', nvidia(['GPU-8f2c']), { gpus: 'device=GPU-8f2c' }],
  ['one MIG instance', nvidia(['MIG-1c2d']), { gpus: 'device=MIG-1c2d' }],
  [
    'several',
    nvidia(['0', 'GPU-8f2c']),
    { device_requests: [{ driver: 'nvidia', device_ids: ['0', 'GPU-8f2c'], capabilities: ['gpu'] }] },
  ],
  [
    'one CDI name',
    nvidia(['nvidia.com/gpu=0']),
    { device_requests: [{ driver: 'cdi', device_ids: ['nvidia.com/gpu=0'] }] },
  ],
  [
    'a mix',
    nvidia(['3', 'nvidia.com/gpu=0']),
    {
      device_requests: [
        { driver: 'nvidia', device_ids: ['3'], capabilities: ['gpu'] },
        { driver: 'cdi', device_ids: ['nvidia.com/gpu=0'] },
      ],
    },
  ],
  [
    'all of AMD',
    { vendor: 'amd', devices: 'all', groups: [44, 110] },
    { devices: [node('/dev/kfd'), node('/dev/dri')], group_add: ['44', '110'] },
  ],
  [
    'one AMD card',
    { vendor: 'amd', devices: ['renderD129'], groups: [], gfxVersion: '10.3.0' },
    { devices: [node('/dev/kfd'), node('/dev/dri/renderD129')] },
  ],
  [
    'Vulkan',
    { vendor: 'vulkan', devices: ['renderD128'], groups: [110] },
    { devices: [node('/dev/dri/renderD128')], group_add: ['110'] },
  ],
])('%s', (_, gpu, expected) => {
  const { gpus, device_requests, devices, group_add } = containerOf(terraformJson(manifestOf({ gpu })));
  expect({ gpus, device_requests, devices, group_add }).toEqual({ ...unset, ...expected });
});

const unset = { gpus: undefined, device_requests: undefined, devices: undefined, group_add: undefined };

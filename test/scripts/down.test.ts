import { expect, it } from 'vitest';
import { downPlan } from '../../scripts/down.js';

const state = {
  containers: ['p-main', 'p-embed-0-1a2b3c4d', 'p-gateway', 'p-prometheus'].map((name) => ({ name, ports: [1] })),
  addresses: new Set(['a.b']),
  attributes: new Map(),
};
const servers = ['p-main', 'p-embed-0-1a2b3c4d'];
const services = ['p-gateway', 'p-prometheus'];
const volumes = ['p-models', 'p-gateway'];

it.each([
  ['keeps volumes', state, false, { servers, services, removedVolumes: [], keptVolumes: volumes }],
  ['removes volumes when told to', state, true, { servers, services, removedVolumes: volumes, keptVolumes: [] }],
  [
    'removes volumes of what is down already',
    undefined,
    true,
    { servers: [], services: [], removedVolumes: volumes, keptVolumes: [] },
  ],
])('%s', (_case, given, withVolumes, expected) => {
  expect(downPlan('p', given, { volumes, withVolumes })).toEqual(expected);
});

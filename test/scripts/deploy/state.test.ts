import { expect, it } from 'vitest';
import { parseState } from '../../../scripts/deploy/state.js';

it('reads project, containers with their ports, and addresses', () => {
  const state = {
    outputs: { project: { value: 'scr1', type: 'string' } },
    resources: [
      {
        type: 'docker_container',
        name: 'main',
        instances: [{ attributes: { name: 'scr1-main', ports: [{ external: 21434 }] } }],
      },
      { type: 'terraform_data', name: 'loader', instances: [{ attributes: {} }] },
    ],
  };
  expect(parseState(JSON.stringify(state))).toEqual({
    project: 'scr1',
    containers: [{ name: 'scr1-main', ports: [21434] }],
    addresses: new Set(['docker_container.main', 'terraform_data.loader']),
  });
});

it('reads the state of a destroyed deployment', () => {
  expect(parseState('{"version":4,"outputs":{},"resources":[]}')).toEqual({ containers: [], addresses: new Set() });
});

import { describe, expect, it } from 'vitest';
import { containerNamesIn, locatedGatewayPlan, locatedLoadPlan } from '../../manifest/container-names.js';
import type { GatewayPlan } from '../../manifest/gateway-plan.js';
import type { LoadPlan } from '../../manifest/load-plan.js';

describe('the variable', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['{"main-0":"p-main-0-12ab34cd"}', { 'main-0': 'p-main-0-12ab34cd' }],
  ])('%j is %j', (text, names) => {
    expect(containerNamesIn({ OLLAMA_STACKS_CONTAINERS: text })).toEqual(names);
  });

  it.each(['main', '[]', 'null', '{"main":1}'])('%s is refused', (text) => {
    expect(() => containerNamesIn({ OLLAMA_STACKS_CONTAINERS: text })).toThrow(
      'OLLAMA_STACKS_CONTAINERS is no JSON map of server to container',
    );
  });
});

const names = { main: 'p-main-12ab34cd', local: 'p-local-99887766' };

describe('a load plan', () => {
  const plan = {
    project: 'p',
    servers: [
      { name: 'main', container: 'p-main', url: 'docker://p-main', models: [] },
      { name: 'local', container: 'p-local', url: 'http://127.0.0.1:1', models: [] },
    ],
  } as unknown as LoadPlan;

  it('gets the containers, and the addresses that lead through the engine', () => {
    expect(locatedLoadPlan(plan, names)).toEqual({
      project: 'p',
      servers: [
        { name: 'main', container: 'p-main-12ab34cd', url: 'docker://p-main-12ab34cd', models: [] },
        { name: 'local', container: 'p-local-99887766', url: 'http://127.0.0.1:1', models: [] },
      ],
    });
  });

  it('stays as it is without names', () => expect(locatedLoadPlan(plan, undefined)).toBe(plan));

  it('names the server that is missing', () => {
    expect(() => locatedLoadPlan(plan, { main: 'x' })).toThrow('names no container of server local');
  });
});

it('a gateway plan gets the containers of every pool', () => {
  const plan = {
    project: 'p',
    pools: [{ name: 'pool-0', models: ['a'], servers: [{ name: 'main', container: 'p-main', slots: 1, gpu: false }] }],
  } as unknown as GatewayPlan;
  expect(locatedGatewayPlan(plan, undefined)).toBe(plan);
  expect(locatedGatewayPlan(plan, names).pools).toEqual([
    { name: 'pool-0', models: ['a'], servers: [{ name: 'main', container: 'p-main-12ab34cd', slots: 1, gpu: false }] },
  ]);
});

import { expect, it } from 'vitest';
import { loadPlans } from '../../manifest/load-plans.js';
import { parseManifest } from '../../manifest/parse.js';

it('makes one plan a store, of the models that its servers offer', () => {
  const text = `project: demo
servers:
  a: { port: 1, models: [m] }
  b: { port: 2, models: [n, m], store: fast }
  c: { port: 3, models: [o] }
models: { o: , n: , m: }
`;
  const { manifest } = parseManifest(text, { env: {} });
  const plans = manifest && loadPlans(manifest, '../..');
  expect(plans).toMatchObject([
    {
      project: 'demo',
      store: 'demo-models',
      root: '../..',
      servers: [
        { name: 'a', container: 'demo-a', url: 'http://127.0.0.1:1', models: ['m:latest'] },
        { name: 'c', container: 'demo-c', url: 'http://127.0.0.1:3', models: ['o:latest'] },
      ],
    },
    { store: 'fast', servers: [{ name: 'b', models: ['n:latest', 'm:latest'] }] },
  ]);
  expect(plans?.map(({ models }) => models.map(({ name }) => name))).toEqual([
    ['o:latest', 'm:latest'],
    ['n:latest', 'm:latest'],
  ]);
});

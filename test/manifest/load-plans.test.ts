import { expect, it } from 'vitest';
import { loadPlans } from '../../manifest/load-plans.js';
import type { LockedModel } from '../../manifest/lock.js';
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

it('says how registries are reached, what is pruned, and what is locked', () => {
  const text = `registries: { a.example: { token_env: T } }
mirror: a.example
prune: true
keep: [x]
models: { m: , n: }
`;
  const { manifest } = parseManifest(text, { env: {} });
  const locked: LockedModel = {
    declaration: 'sha256:d',
    source: 'registry.ollama.ai/library/m:latest',
    digest: 'sha256:m',
    layers: [{ kind: 'model', digest: 'sha256:l', bytes: 1 }],
    facts: { architecture: 'llama' },
  };
  const [plan] = (manifest && loadPlans(manifest, '.', { models: { 'm:latest': locked } })) ?? [];
  expect(plan).toMatchObject({
    registries: [{ host: 'a.example', insecure: false, tokenEnv: 'T' }],
    mirror: 'a.example',
    prune: { keep: ['x'] },
  });
  const { facts: _, ...content } = locked;
  expect(plan?.models.map((model) => model.locked)).toEqual([content, undefined]);
});

it('takes along what its models are made from, also when another store offers that', () => {
  const text = `servers: { a: { port: 1, store: one, models: [c] }, b: { port: 2, store: two, models: [a] } }
models: { a: { from: x }, b: { from: a }, c: { from: b }, d: { from: a } }
`;
  const { manifest } = parseManifest(text, { env: {} });
  const plans = manifest && loadPlans(manifest, '.');
  expect(plans?.map(({ models }) => models.map(({ name }) => name))).toEqual([
    ['a:latest', 'b:latest', 'c:latest'],
    ['a:latest'],
  ]);
  expect(plans?.map(({ servers }) => servers.flatMap(({ models }) => models))).toEqual([['c:latest'], ['a:latest']]);
});

it('leaves out what nobody said', () => {
  const { manifest } = parseManifest('models: { m: }\n', { env: {} });
  const [plan] = (manifest && loadPlans(manifest, '.')) ?? [];
  expect(Object.keys(plan ?? {})).toEqual(['project', 'store', 'root', 'servers', 'models', 'registries']);
});

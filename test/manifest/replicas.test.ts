import { expect, it } from 'vitest';
import type { Server } from '../../manifest/manifest.js';
import { parseManifest } from '../../manifest/parse.js';
import { isDeployed, placedManifest } from '../../manifest/placement.js';

function servers(text: string): readonly Server[] {
  const { manifest, diagnostics } = parseManifest(`project: p\ngateway:\n${text}\nmodels: { a: {}, b: {} }`, {
    env: {},
  });
  if (manifest === undefined) throw new Error(JSON.stringify(diagnostics));
  return placedManifest(manifest, new Map()).servers;
}

it('have the settings, the models and the store of their server, and numbers', () => {
  const [declared] = servers('servers: { main: { num_parallel: 2, memory: 1GiB, models: [a] } }');
  const replica = (index: number): Server => ({
    ...declared!,
    name: `main-${index}`,
    container: `p-main-${index}`,
    partOf: { server: 'main', why: `replica ${index + 1} of 3` },
  });
  const replicated = servers('servers: { main: { replicas: 3, num_parallel: 2, memory: 1GiB, models: [a] }, b: {} }');
  expect(replicated.slice(0, 3)).toStrictEqual([0, 1, 2].map(replica));
  expect(replicated[3]?.name).toBe('b');
  expect(replicated.every(isDeployed)).toBe(true);
});

const names = (count: number): string[] => servers(`servers: { main: { replicas: ${count} } }`).map(({ name }) => name);

it('keep their names when there are more or fewer of them, down to one', () => {
  expect(names(1)).toEqual(['main-0']);
  expect(names(2)).toEqual(['main-0', 'main-1']);
});

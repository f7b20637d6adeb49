import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { parseListing } from '../../ollama/store-inventory.js';

const hex = 'ab'.repeat(32);
const layer = (mediaType: string, size: number): object => ({ mediaType, digest: `sha256:${hex}`, size });
const good = JSON.stringify({ config: layer('config', 3), layers: [layer('model', 5)], note: 'größer' });

/** As the shell prints it. */
function listing(blobs: readonly string[], manifests: Readonly<Record<string, string>>): Buffer {
  const list = Object.entries(manifests).map(([file, text]) => `${Buffer.byteLength(text)} ${file}`);
  return Buffer.from(`${['1024', ...blobs].join('\n')}\n\n${list.join('\n')}\n\n${Object.values(manifests).join('')}`);
}

it('reads blobs, and manifests by their canonical names', () => {
  const inventory = parseListing(
    listing([`5 sha256-${hex}`, `9 sha256-${hex}-partial`, `9 sha256-${hex}-partial-0`, '9 sha256-123456789'], {
      'registry.ollama.ai/library/zeta/latest': good,
      'registry.ollama.ai/team/alpha/1': `${good}\n`,
      '127.0.0.1:5000/team/alpha/1': good,
      'registry.ollama.ai/library/.hidden/latest': good,
    }),
  );
  expect(inventory?.free).toBe(1024 ** 2);
  expect(inventory?.blobs).toEqual(new Map([[`sha256:${hex}`, 5]]));
  expect(inventory?.models.map(({ name }) => name)).toEqual([
    '127.0.0.1:5000/team/alpha:1',
    'team/alpha:1',
    'zeta:latest',
  ]);
  expect(inventory?.models[2]).toEqual({
    name: 'zeta:latest',
    digest: `sha256:${createHash('sha256').update(good).digest('hex')}`,
    layers: [layer('model', 5), layer('config', 3)],
  });
  expect(inventory?.models[1]?.digest).not.toBe(inventory?.models[2]?.digest);
  expect(inventory).not.toHaveProperty('broken');
});

it.each([
  ['', 'the file is empty'],
  [good.slice(0, 40), 'the file is no JSON'],
  ['null', 'the file names no layers'],
  ['{"config":{}}', 'the file names no layers'],
  ['{"layers":[null]}', 'the file names a layer without digest or size'],
  [
    `{"layers":[{"mediaType":"m","digest":"sha256:../../x","size":1}]}`,
    'the file names a layer without digest or size',
  ],
  [
    `{"layers":[{"mediaType":"m","digest":"sha256:${hex}","size":"1"}]}`,
    'the file names a layer without digest or size',
  ],
])('reports the manifest %j and reads the others', (text, reason) => {
  const inventory = parseListing(
    listing([], { 'registry.ollama.ai/library/bad/latest': text, 'registry.ollama.ai/library/ok/latest': good }),
  );
  expect(inventory?.broken).toEqual([{ name: 'bad:latest', reason }]);
  expect(inventory?.models.map(({ name }) => name)).toEqual(['ok:latest']);
});

it('takes a model without config, and a store without anything', () => {
  const text = '{"config":{"mediaType":"","digest":"","size":0},"layers":[]}';
  expect(parseListing(listing([], { 'registry.ollama.ai/library/a/latest': text }))?.models[0]?.layers).toEqual([]);
  expect(parseListing(Buffer.from('7\n\n'))).toEqual({ free: 7168, blobs: new Map(), models: [] });
});

it('reads again when the manifests changed between their list and their content', () => {
  const whole = listing([], { 'registry.ollama.ai/library/a/latest': good });
  expect(parseListing(whole.subarray(0, -1))).toBeUndefined();
  expect(parseListing(Buffer.concat([whole, Buffer.from('x')]))).toBeUndefined();
  expect(parseListing(Buffer.from(''))).toBeUndefined();
});

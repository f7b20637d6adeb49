import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readResolved, resolvedFile, writeResolved } from '../../toolchain/resolved.js';
import { resolvedExample } from './resolved-example.js';
import { temporaryWorkshop } from './workshop-fixture.js';

it('reads what was written, and leaves nothing else', async () => {
  await using workshop = await temporaryWorkshop();
  await writeResolved(workshop.cache, resolvedExample());
  expect(await readResolved(workshop.cache)).toEqual(resolvedExample());
  expect(await readdir(path.join(workshop.cache, '.toolchain'))).toEqual(['resolved.json']);
});

it.each(['', '{', 'null', '[]', '{"engine":{"host":"unix:///a"}}'])('%j counts as nothing', async (text) => {
  await using workshop = await temporaryWorkshop();
  await mkdir(path.dirname(resolvedFile(workshop.cache)));
  await writeFile(resolvedFile(workshop.cache), text);
  expect(await readResolved(workshop.cache)).toBeUndefined();
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PlannedModel } from '../../manifest/load-plan.js';
import type { GgufSource, Model } from '../../manifest/manifest.js';
import { sourceText } from '../../manifest/source-text.js';
import { movedModels } from '../../ollama/lock-drift.js';
import { RegistryClient } from '../../ollama/registry-client.js';
import { ggufFile, model, registry as from } from '../support/load-plan.js';
import { startModelRegistry, type ModelRegistry } from '../support/model-registry.js';
import { pushSynthetic, type PushedModel } from '../support/synthetic-model.js';

let registry: ModelRegistry;
let small: PushedModel;
let big: PushedModel;
let reader: RegistryClient;

beforeAll(async () => {
  registry = await startModelRegistry();
  small = await pushSynthetic(registry, { name: 'team/small:1', texts: { license: 'MIT' } });
  big = await pushSynthetic(registry, { name: 'team/big:1', bytes: 900_000 });
  await registry.retag('team/tag:1', 'team/small:1');
  reader = new RegistryClient({ registries: [{ host: registry.host, insecure: true }], env: {} });
});

afterAll(async () => {
  await reader.close();
  await registry.remove();
});

const bytesOf = ({ layers }: PushedModel): number => layers.reduce((sum, { bytes }) => sum + bytes, 0);

/** A model as it was locked when its tag meant `content`. */
function lockedTo(one: Model, content: Partial<PushedModel>): PlannedModel {
  const source = one.from[0] === undefined ? '' : sourceText(one.from[0]);
  const { digest, layers = [] } = content;
  return { ...one, locked: { declaration: 'sha256:0', source, layers, ...(digest !== undefined && { digest }) } };
}

it('tells which locked tags have moved with sizes, and asks once a tag', async () => {
  const tag = `${registry.host}/team/tag:1`;
  const adapter = { kind: 'adapter', digest: 'sha256:1', bytes: 77 };
  const pulled = model('pulled:1', { from: [from(tag)] });
  const derived = model('derived:1', { from: [from(tag)], system: 'x', adapters: [ggufFile('a.gguf') as GgufSource] });
  const planned = [
    lockedTo(pulled, small),
    lockedTo(derived, { ...small, layers: [...small.layers, adapter] }),
    lockedTo(model('copy:1', { from: [from('pulled:1')] }), small),
    lockedTo(model('same:1', { from: [from(big.name)] }), big),
    lockedTo(model('ours:1', { from: [ggufFile('ours.gguf')] }), { layers: small.layers }),
    model('unlocked:1', { from: [from('127.0.0.1:1/a/b:c')] }),
    { ...model('stale:1', { from: [from('127.0.0.1:1/a/b:c')] }), locked: lockedTo(pulled, small).locked! },
  ];
  expect(await movedModels(planned, reader)).toEqual([]);
  await registry.retag('team/tag:1', 'team/big:1');
  const before = (await registry.requests()).length;
  const locked = { digest: small.digest, bytes: bytesOf(small) };
  const now = { digest: big.digest, bytes: bytesOf(big) };
  expect(await movedModels(planned, reader)).toEqual([
    { name: 'pulled:1', source: tag, locked, now },
    { name: 'derived:1', source: tag, locked, now },
  ]);
  expect((await registry.requests()).length - before).toBe(2);
});

it('gives the error of those that cannot be asked, with the answers of the others', async () => {
  const gone = lockedTo(model('gone:1', { from: [from(`${registry.host}/team/none:1`)] }), small);
  const down = lockedTo(model('down:1', { from: [from('127.0.0.1:1/a/b:c')] }), small);
  const moved = lockedTo(model('moved:1', { from: [from(big.name)] }), small);
  expect(await movedModels([gone, down, moved], reader)).toMatchObject([
    { name: 'gone:1', error: { trouble: 'unknown' } },
    { name: 'down:1', error: { trouble: 'unreachable' } },
    { name: 'moved:1', now: { digest: big.digest } },
  ]);
});

import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { modelsByKey } from '../../../manifest/declaration.js';
import type { PlannedModel } from '../../../manifest/load-plan.js';
import { declarationHash } from '../../../ollama/declaration-hash.js';
import { loadSteps } from '../../../ollama/load-step.js';
import { movedTags } from '../../../scripts/deploy/moved-tags.js';
import { httpDouble } from '../../support/http-double.js';
import { model, planOf, registry } from '../../support/load-plan.js';

const layer = { mediaType: 'application/vnd.ollama.image.model', digest: `sha256:${'0'.repeat(64)}`, size: 1 };
const served = JSON.stringify({ schemaVersion: 2, config: layer, layers: [layer] });
const digest = `sha256:${createHash('sha256').update(served).digest('hex')}`;

/** A double of a registry whose every tag has the manifest `served`. */
const registryDouble = (asked: string[]) =>
  httpDouble((request, response) => {
    asked.push(request.url ?? '');
    response.end(served);
  });

const locked = (name: string, host: string, to: string): PlannedModel => {
  const one = model(name, { from: [registry(`${host}/team/${name}`)] });
  const declaration = declarationHash(one, modelsByKey([one]));
  return { ...one, locked: { declaration, source: `${host}/team/${name}`, digest: to, layers: [] } };
};

it('movedTags names the models to be fetched whose tag moved, and asks for no other', async () => {
  const asked: string[] = [];
  await using double = await registryDouble(asked);
  const { host } = new URL(double.url);
  const there = locked('there:1', host, 'sha256:abc');
  const plan = planOf({ name: 'main', container: 'c', url: 'http://127.0.0.1:1', models: [] }, [
    locked('same:1', host, digest),
    locked('moved:1', host, 'sha256:0123456789abcdef'),
    locked('silent:1', '127.0.0.1:1', digest),
    model('loose:1'),
    there,
  ]);
  const registries = [host, '127.0.0.1:1'].map((name) => ({ host: name, insecure: true }));
  const withAccess = { ...plan, registries };
  const steps = loadSteps(withAccess, [{ name: 'there:1', digest: 'abc', size: 1 }], {});
  expect(await movedTags([{ plan: withAccess, steps }], { registries })).toEqual([
    {
      code: 'moved-tag',
      message: expect.stringMatching(/model moved:1: its tag moved .*locked sha256:0123456789ab…, the registry has/),
      next: expect.stringContaining('npm run lock -- --update moved:1'),
    },
  ]);
  expect(asked.toSorted()).toEqual(['/v2/team/moved/manifests/1', '/v2/team/same/manifests/1']);
});

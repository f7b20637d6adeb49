import { expect, it } from 'vitest';
import { planTotals } from '../../../manifest/model-plan-totals.js';
import { storePlan } from '../../../manifest/model-plan.js';
import { roomFinding } from '../../../scripts/deploy/room.js';
import { carePlanLines, modelPlanLines, totalsText } from '../../../scripts/report/model-plan-lines.js';
import { planText } from '../../../scripts/report/plan-text.js';

const GB = 1e9;
const host = 'registry.ollama.ai';
const need = { action: 'load', present: false, reason: 'missing', host } as const;
const plan = (free: number) =>
  storePlan({
    store: 's',
    disk: 'engine',
    needs: [
      {
        ...need,
        name: 'qwen3:8b',
        source: `${host}/library/qwen3:8b`,
        layers: [
          { digest: 'a', bytes: 3.1 * GB },
          { digest: 'b', bytes: 2.1 * GB },
        ],
      },
      { ...need, name: 'same:1', source: `${host}/library/same:1`, layers: [{ digest: 'b', bytes: 2.1 * GB }] },
      {
        ...need,
        name: 'chat:latest',
        present: true,
        reason: 'declared anew',
        source: 'x',
        layers: [{ digest: 'a', bytes: 3.1 * GB }],
      },
      { ...need, name: 'kept:1', action: 'keep', present: true, source: '' },
    ],
    content: {
      models: [{ name: 'old:7b', layers: [{ digest: 'o', size: 4.7 * GB }] }],
      blobs: new Map([
        ['a', 3.1 * GB],
        ['o', 4.7 * GB],
      ]),
      free,
    },
    prune: ['old:7b', 'alias:1'],
    rates: { [host]: 52.5e6 },
  });

it('reads as a plan', () => {
  const stores = [plan(70 * GB)];
  const cares = carePlanLines(stores, new Set(['s']), [{ model: 'kept:1', server: 'main' }]);
  expect(planText([...cares, ...modelPlanLines(stores)], totalsText(planTotals(stores)))).toMatchInlineSnapshot(`
    "~ models in s         1 present, looked over again
    ~ model kept:1        not in the memory of main: preloaded again
    + model qwen3:8b      5.2 GB (3.1 GB already in store)         from registry.ollama.ai/library/qwen3:8b
    + model same:1        2.1 GB (all shared with a model above)   from registry.ollama.ai/library/same:1
    ~ model chat:latest   3.1 GB (all already in store)            declared anew   from x
    - model old:7b        frees 4.7 GB                             no longer declared
    - model alias:1       frees nothing: others use its layers     no longer declared

      models              fetch 2.1 GB in about 40 s   frees 4.7 GB   disk left 73 GB
    "
  `);
});

it('says what is not known', () => {
  const unknown = { ...need, name: 'x:1', source: 'somewhere', unknown: 'its registry does not answer' };
  const stores = [storePlan({ store: 's', disk: 'engine', needs: [unknown], prune: [], rates: {} })];
  expect(modelPlanLines(stores)).toEqual([
    { sign: '+', subject: 'model x:1', details: ['size unknown', 'from somewhere', '(its registry does not answer)'] },
  ]);
  expect(totalsText(planTotals(stores))).toBe('fetch 1 model of unknown size   disk left unknown');
});

it('roomFinding says how much is missing, and that what is freed comes too late', () => {
  expect(roomFinding(planTotals([plan(3 * GB)]))).toBeUndefined();
  expect(roomFinding(planTotals([plan(1 * GB)]))).toMatchObject({
    message:
      "the engine's disk has not the room: 2.1 GB to write, 1 GB free, of which 256 MB stay free; the 4.7 GB that are given back come too late, at the end",
    next: expect.stringContaining('1.4 GB'),
  });
});

it('names the store of each model when there are several', () => {
  const second = storePlan({
    store: 't',
    disk: 'nfs',
    needs: [{ ...need, name: 'x:1', source: 'y' }],
    prune: [],
    rates: {},
  });
  expect(modelPlanLines([plan(70 * GB), second]).map(({ details }) => details[1])).toContain('in t');
});

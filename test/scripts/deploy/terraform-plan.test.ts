import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { deploymentPlan } from '../../../scripts/deploy/deployment-plan.js';
import { labelResources, type SynthesizedStack } from '../../../scripts/deploy/synthesized-stack.js';
import type { ChangeAction, TerraformEvent } from '../../../scripts/deploy/terraform-event.js';
import { onlyCreations } from '../../../scripts/deploy/terraform-plan.js';

const fixture = path.resolve(import.meta.dirname, '../fixtures/cdk.tf.json');
const stack = JSON.parse(readFileSync(fixture, 'utf8')) as SynthesizedStack;
const addresses = Object.entries(stack.resource ?? {}).flatMap(([type, byName]) =>
  Object.keys(byName).map((name) => `${type}.${name}`),
);
const planned = (address: string, action: ChangeAction): TerraformEvent => ({ type: 'planned', address, action });

it('reads new resources off the configuration, in the order of their addresses', () => {
  const events = addresses.toReversed().map((address) => planned(address, 'create'));
  const changes = onlyCreations(events, stack) ?? [];
  expect(changes.map(({ address }) => address)).toEqual(addresses.toSorted());
  const { lines } = deploymentPlan(changes, labelResources(stack, 'scr1'), 'scr1');
  const server = lines.find(({ subject }) => subject.startsWith('server'));
  expect(server?.sign).toBe('+');
  expect(server?.details).toEqual(
    expect.arrayContaining([expect.stringMatching(/^image /), expect.stringMatching(/^port \d+/)]),
  );
});

it.each<ChangeAction>(['update', 'replace', 'delete'])('leaves a plan with a %s to terraform show', (action) => {
  const [first = '', second = ''] = addresses;
  expect(onlyCreations([planned(first, 'create'), planned(second, action)], stack)).toBeUndefined();
});

it('knows without more when nothing changes', () => {
  expect(onlyCreations([], stack)).toEqual([]);
});

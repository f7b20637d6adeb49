import { expect, it } from 'vitest';
import { labelResources, subjectOf } from '../../../scripts/deploy/synthesized-stack.js';

const labels = (entries: Record<string, string>) => Object.entries(entries).map(([label, value]) => ({ label, value }));
const verb = (name: string, last: string) => ({
  provisioner: [{ 'local-exec': { interpreter: ['node', '../bin/ollama-stacks.mjs', name], command: last } }],
});
const stack = {
  resource: {
    docker_container: {
      alone: { name: 'p-main', labels: labels({ 'io.ollama-stacks.server': 'main' }) },
      behind: { name: 'p-main-0-${substr(uuid(), 0, 8)}', labels: labels({ 'io.ollama-stacks.server': 'main-0' }) },
      door: { name: 'p-gateway', labels: labels({ 'io.ollama-stacks.role': 'gateway' }) },
      watcher: { name: 'p-prometheus', labels: labels({ 'io.ollama-stacks.role': 'prometheus' }) },
      // As states of before these labels have it.
      old: { name: 'p-old' },
    },
    terraform_data: {
      data: verb('ensure-gateway', 'gateway.json'),
      store: verb('ensure-store', 'p-models'),
      loader: verb('load', 'load-p-models.json'),
      network: verb('ensure-network', 'p'),
      rollout: verb('rollout', 'gateway.json'),
      settled: {},
    },
  },
};

it('calls resources by what they are to a person', () => {
  const subjects = [...labelResources(stack, 'p')].map(([address, label]) => [address.split('.')[1], subjectOf(label)]);
  expect(Object.fromEntries(subjects)).toEqual({
    alone: 'server main',
    behind: 'server main-0',
    door: 'gateway',
    watcher: 'prometheus',
    old: 'server old',
    data: 'volume p-gateway',
    store: 'volume p-models',
    loader: 'models p-models',
    network: 'network p',
    rollout: 'rollout',
    settled: 'other settled',
  });
});

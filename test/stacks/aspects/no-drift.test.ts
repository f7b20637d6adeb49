import { Container, type ContainerConfig } from '@cdktf/provider-docker/lib/container/index.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { NoDrift } from '../../../stacks/aspects/no-drift.js';
import { App, Aspects, TerraformStack } from '../../../stacks/cdktf.js';
import { readTerraformJson } from '../synthesis.js';

it.each<[string, Partial<ContainerConfig>, object]>([
  ['memory without swap', { memory: 512 }, { memory: 512, memory_swap: 512 }],
  ['no memory, no swap', {}, { memory: undefined, memory_swap: undefined }],
  [
    'capability names',
    { capabilities: { add: ['SYS_NICE', 'CAP_PERFMON'], drop: ['ALL'] } },
    { capabilities: { add: ['CAP_SYS_NICE', 'CAP_PERFMON'], drop: ['ALL'] } },
  ],
  ['time to stop', {}, { destroy_grace_seconds: 10 }],
  ['a time to stop of its own', { destroyGraceSeconds: 60 }, { destroy_grace_seconds: 60 }],
  ['bounded logs', {}, { log_driver: 'json-file', log_opts: { 'max-size': '10m', 'max-file': '3' } }],
  [
    'logs of its own',
    { logDriver: 'local', logOpts: { 'max-size': '1m' } },
    { log_driver: 'local', log_opts: { 'max-size': '1m' } },
  ],
  [
    'ports of this machine',
    { ports: [{ internal: 1, external: 2 }] },
    { ports: [{ internal: 1, external: 2, ip: '127.0.0.1', protocol: 'tcp' }] },
  ],
  [
    'ports of another address',
    { ports: [{ internal: 1, ip: '::1' }] },
    { ports: [{ internal: 1, ip: '::1', protocol: 'tcp' }] },
  ],
])('%s', (_, config, expected) => {
  expect(synthesized(config)).toEqual({ ...synthesized({}), ...expected });
});

function synthesized(config: Partial<ContainerConfig>): Record<string, unknown> {
  const outdir = mkdtempSync(path.join(tmpdir(), 'ollama-stacks-aspect-'));
  try {
    const app = new App({ outdir, skipValidation: true });
    const stack = new TerraformStack(app, 'p');
    new Container(stack, 'c', { name: 'name', image: 'image', ...config });
    Aspects.of(stack).add(new NoDrift());
    app.synth();
    const { '//': _, ...attributes } =
      readTerraformJson(path.join(outdir, 'stacks', 'p')).resource['docker_container']?.['c'] ?? {};
    return attributes;
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

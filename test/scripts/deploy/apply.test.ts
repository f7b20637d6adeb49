import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { applyTerraform } from '../../../scripts/deploy/apply.js';
import type { TerraformEvent } from '../../../scripts/deploy/terraform-event.js';
import type { Failure } from '../../../scripts/shell/problem.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-apply-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Runs a stand-in for Terraform that prints these lines and fails. */
async function apply(lines: readonly object[], events: TerraformEvent[] = []): Promise<Failure['findings']> {
  const file = path.join(directory, 'terraform');
  await writeFile(`${file}.out`, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await writeFile(file, `#!/bin/sh\ncat '${file}.out'\nexit 1\n`);
  await chmod(file, 0o755);
  const labels = new Map([
    ['docker_container.door', { kind: 'gateway', name: 'gateway' } as const],
    ['terraform_data.rollout', { kind: 'other', name: 'rollout' } as const],
  ]);
  const options = { labels, onEvent: (event: TerraformEvent) => void events.push(event), onInterrupt: () => undefined };
  return applyTerraform({ path: file, directory, env: process.env }, [], options).then(
    () => [],
    (failure: Failure) => failure.findings,
  );
}

const said = (address: string, output: string) => ({
  type: 'provision_progress',
  hook: { resource: { addr: address }, action: 'create', output },
});
const error = (address: string, summary: string, detail = '') => ({
  type: 'diagnostic',
  diagnostic: { severity: 'error', summary, detail, address },
});
const exitCode = 'local-exec provisioner error';

it('tells the words of a rollout that failed, once', async () => {
  const step = { type: 'rollout', step: 'failed', message: 'server main-0 is dead', next: 'look', original: 'its log' };
  const events: TerraformEvent[] = [];
  const findings = await apply(
    [
      said('terraform_data.rollout', `${JSON.stringify(step)}\n`),
      error('terraform_data.rollout', exitCode, 'exit status 1'),
    ],
    events,
  );
  expect(findings).toEqual([{ code: 'rollout', message: 'server main-0 is dead', next: 'look', original: 'its log' }]);
  expect(events[0]).toEqual({ type: 'rollout', address: 'terraform_data.rollout', event: step });
});

it('tells what another verb said before it failed', async () => {
  const findings = await apply([
    said('terraform_data.room', 'the Docker engine does not stop it\n'),
    error('terraform_data.room', exitCode, 'exit status 1'),
  ]);
  expect(findings).toEqual([{ code: 'refused', message: 'the Docker engine does not stop it' }]);
});

it('calls the gateway by its name', async () => {
  const detail = 'Bind for 127.0.0.1:11443 failed: port is already allocated';
  const findings = await apply([error('docker_container.door', 'Unable to start container', detail)]);
  expect(findings).toMatchObject([
    { code: 'port-in-use', message: 'port 11443 of gateway is in use by something else' },
  ]);
});

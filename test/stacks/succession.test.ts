import { readFileSync } from 'node:fs';
import path from 'node:path';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GatewayPlan } from '../../manifest/gateway-plan.js';
import { gatewayLabel } from '../../manifest/label.js';
import { docker } from '../support/project.js';
import { freePorts, StandInDeployment, type Applied, type Note } from './stand-in-deployment.js';

// In which order the real Terraform and the real engine replace servers behind a gateway; each test goes on where the
// one before it ended.
let deployment: StandInDeployment;
let ports: Awaited<ReturnType<typeof freePorts>>;

// A bare machine builds Terraform, its provider and three images first.
beforeAll(async () => {
  deployment = await StandInDeployment.create();
  ports = await freePorts();
}, 900_000);
afterAll(async () => {
  await deployment?.remove();
}, 120_000);

/** Applies these servers behind a gateway; `fail` is the verb that fails. */
async function apply(servers: string, fail = ''): Promise<Applied> {
  const gateway = `gateway: { port: ${ports.door}, metrics_port: ${ports.metrics} }`;
  const watched = `observability: { prometheus: { port: ${ports.prometheus} } }`;
  return deployment.apply(`${gateway}\n${watched}\nservers: { ${servers} }\nmodels: { a: {} }`, fail);
}

const plan = (): Promise<unknown> => deployment.terraform.plan(deployment.stackDir);
const verbsOf = (notes: readonly Note[]): string[] => notes.filter(({ at }) => at === 'begin').map(({ verb }) => verb);
const at = (notes: readonly Note[], verb: string, when: Note['at']): Note => {
  const note = notes.find((one) => one.verb === verb && one.at === when);
  if (note === undefined) throw new Error(`no ${when} of ${verb} in ${JSON.stringify(notes)}`);
  return note;
};
const unchanged = { add: 0, change: 0, remove: 0, diagnostics: [] };

it('brings servers, their models, then the rollout, and a second plan is empty', { timeout: 60_000 }, async () => {
  const { ran, notes } = await apply('main: { replicas: 1 }');
  expect(ran.output).toContain('Apply complete!');
  expect(verbsOf(notes).filter((verb) => ['load', 'rollout'].includes(verb))).toEqual(['load', 'rollout']);
  const [server] = await deployment.containers('main-0');
  expect(server).toMatch(new RegExp(`^${deployment.name}-main-0-[0-9a-f]{8}$`));
  const rollout = at(notes, 'rollout', 'begin');
  expect(rollout.names).toEqual({ 'main-0': server });
  expect(at(notes, 'load', 'begin').names).toEqual({ 'main-0': server });
  expect(await deployment.containers()).toEqual([deployment.gateway, server, `${deployment.name}-prometheus`]);
  expect(await plan()).toEqual(unchanged);
});

const answers = async (url: string): Promise<number> => (await fetch(url).catch(() => undefined))?.status ?? 0;

it('the gateway and Prometheus run as they are configured', { timeout: 30_000 }, async () => {
  await expect.poll(() => answers(`http://127.0.0.1:${ports.door}/`), { timeout: 20_000 }).toBe(200);
  await expect.poll(() => answers(`http://127.0.0.1:${ports.prometheus}/-/ready`), { timeout: 20_000 }).toBe(200);
  const [, ...health] = JSON.parse(
    await docker('inspect', deployment.gateway, '--format', '{{json .Config.Healthcheck.Test}}'),
  ) as string[];
  await docker('exec', deployment.gateway, ...health);
  const label = `{{index .Config.Labels "${gatewayLabel}"}}`;
  const { revision } = JSON.parse(readFileSync(path.join(deployment.stackDir, 'gateway.json'), 'utf8')) as GatewayPlan;
  expect(await docker('inspect', deployment.gateway, '--format', label)).toBe(revision);
});

it('a successor, its models and the rollout come before the end of a changed server', { timeout: 60_000 }, async () => {
  const [predecessor] = await deployment.containers('main-0');
  const { ran, notes } = await apply('main: { replicas: 1, num_parallel: 2 }');
  expect(ran.code, ran.output).toBe(0);
  const [successor, ...others] = await deployment.containers('main-0');
  expect(others).toEqual([]);
  expect(successor).not.toBe(predecessor);
  for (const verb of ['load', 'rollout']) {
    expect(at(notes, verb, 'begin').names).toEqual({ 'main-0': successor });
    expect(at(notes, verb, 'end').running).toEqual(
      expect.arrayContaining([predecessor, successor, deployment.gateway]),
    );
  }
  expect(await plan()).toEqual(unchanged);
});

it(
  'scales up and down without touching the others, and the last to go is what nobody uses',
  { timeout: 90_000 },
  async () => {
    const before = await deployment.containers('main-0');
    const up = await apply('main: { replicas: 3, num_parallel: 2 }');
    expect(up.ran.code, up.ran.output).toBe(0);
    expect(await deployment.containers('main-0')).toEqual(before);
    const three = [...before, ...(await deployment.containers('main-1')), ...(await deployment.containers('main-2'))];
    expect(three).toHaveLength(3);
    const down = await apply('main: { replicas: 1, num_parallel: 2 }');
    expect(at(down.notes, 'rollout', 'end').running).toEqual(expect.arrayContaining(three));
    expect(await deployment.containers()).toEqual([deployment.gateway, ...before, `${deployment.name}-prometheus`]);
  },
);

it('a loader that fails leaves the predecessor until the next apply has succeeded', { timeout: 90_000 }, async () => {
  const [predecessor] = await deployment.containers('main-0');
  const { ran } = await apply('main: { replicas: 1, num_parallel: 3 }', 'load');
  expect(ran.code).toBe(1);
  expect(ran.output).toContain('load fails because the test says so');
  expect(await deployment.containers('main-0')).toContain(predecessor);
  const mended = await apply('main: { replicas: 1, num_parallel: 3 }');
  expect(mended.ran.code, mended.ran.output).toBe(0);
  expect(at(mended.notes, 'rollout', 'end').running).toContain(predecessor);
  const left = await deployment.containers('main-0');
  expect(left).toEqual([at(mended.notes, 'rollout', 'end').names?.['main-0']]);
  expect(await plan()).toEqual(unchanged);
});

it('goes back to the settings before, although their container is still there', { timeout: 90_000 }, async () => {
  const [predecessor] = await deployment.containers('main-0');
  expect((await apply('main: { replicas: 1, num_parallel: 4 }', 'load')).ran.code).toBe(1);
  const { ran, notes } = await apply('main: { replicas: 1, num_parallel: 3 }');
  expect(ran.code, ran.output).toBe(0);
  expect(at(notes, 'rollout', 'end').running).toContain(predecessor);
  expect(await deployment.containers('main-0')).toHaveLength(1);
});

it('a rollout that failed while servers went keeps them until one has succeeded', { timeout: 90_000 }, async () => {
  expect((await apply('main: { replicas: 2, num_parallel: 3 }')).ran.code).toBe(0);
  const going = await deployment.containers('main-1');
  expect((await apply('main: { replicas: 1, num_parallel: 3 }', 'rollout')).ran.code).toBe(1);
  expect(await deployment.containers('main-1')).toEqual(going);
  const { ran, notes } = await apply('main: { replicas: 1, num_parallel: 3 }');
  expect(ran.code, ran.output).toBe(0);
  expect(at(notes, 'rollout', 'end').running).toEqual(expect.arrayContaining(going));
  expect(await deployment.containers('main-1')).toEqual([]);
});

it('a server with a port of its own makes room first; the others have no gap', { timeout: 90_000 }, async () => {
  const servers = (parallel: number): string =>
    `main: { replicas: 1, num_parallel: ${parallel} }, local: { port: ${ports.server}, num_parallel: ${parallel} }`;
  expect((await apply(servers(3))).ran.code).toBe(0);
  const [main, local] = [await deployment.containers('main-0'), await deployment.containers('local')];
  const { ran, notes } = await apply(servers(5));
  expect(ran.code, ran.output).toBe(0);
  expect(at(notes, 'make-room', 'begin').args).toEqual([deployment.name, 'local']);
  expect(at(notes, 'make-room', 'end').running).toEqual(expect.not.arrayContaining(local));
  expect(at(notes, 'rollout', 'end').running).toEqual(expect.arrayContaining(main));
  expect(await docker('port', (await deployment.containers('local'))[0]!)).toBe(
    `11434/tcp -> 127.0.0.1:${ports.server}`,
  );
  expect(await plan()).toEqual(unchanged);
});

const limited = (memory: string): string => `local: { port: ${ports.server}, memory: ${memory} }`;

it('another limit of memory of such a server changes it in place', { timeout: 60_000 }, async () => {
  expect((await apply(limited('1GiB'))).ran.code).toBe(0);
  const before = await deployment.containers('local');
  const { ran, notes } = await apply(limited('2GiB'));
  expect(ran.code, ran.output).toBe(0);
  expect(verbsOf(notes)).not.toContain('make-room');
  expect(await deployment.containers('local')).toEqual(before);
  expect(await docker('inspect', before[0]!, '--format', '{{.HostConfig.Memory}} {{.State.Running}}')).toBe(
    `${2 * 2 ** 30} true`,
  );
});

it('the gateway is replaced without a server, and the rollout runs on the new one', { timeout: 60_000 }, async () => {
  const before = await deployment.containers('local');
  const id = await docker('inspect', deployment.gateway, '--format', '{{.Id}}');
  ports = { ...ports, door: await getPort() };
  const { ran, notes } = await apply(limited('2GiB'));
  expect(ran.code, ran.output).toBe(0);
  expect(verbsOf(notes)).toEqual(expect.arrayContaining(['ensure-gateway', 'rollout']));
  expect(await docker('inspect', deployment.gateway, '--format', '{{.Id}}')).not.toBe(id);
  expect(await deployment.containers('local')).toEqual(before);
});

it('a gateway can be taken away, and put before a server that has none', { timeout: 60_000 }, async () => {
  const plain = await deployment.apply(`servers: { local: { port: ${await getPort()} } }\nmodels: { a: {} }`);
  expect(plain.ran.code, plain.ran.output).toBe(0);
  expect(await deployment.containers()).toEqual([`${deployment.name}-local`]);
  expect(await plan()).toEqual(unchanged);
  const { ran } = await apply('local: {}');
  expect(ran.code, ran.output).toBe(0);
  expect(await deployment.containers()).toEqual([
    deployment.gateway,
    ...(await deployment.containers('local')),
    `${deployment.name}-prometheus`,
  ]);
  expect(await plan()).toEqual(unchanged);
});

it('leaves nothing but its volumes', { timeout: 60_000 }, async () => {
  const { code, output } = await deployment.terraform.destroy(deployment.stackDir);
  expect(code, output).toBe(0);
  expect(await deployment.containers()).toEqual([]);
  const volumes = ['gateway', 'models', 'prometheus'].map((kind) => `${deployment.name}-${kind}`);
  expect(await deployment.volumes()).toEqual(volumes);
});

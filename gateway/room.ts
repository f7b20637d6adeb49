import { setTimeout as sleep } from 'node:timers/promises';
import { gatewayPath, type GatewayPlan } from '../manifest/gateway-plan.js';
import { projectLabel, serverLabel } from '../manifest/label.js';
import { sum } from '../manifest/sum.js';
import { Haproxy } from './admin-socket.js';
import { type DockerOptions, refusal, runDocker } from './docker.js';

const pollMs = 250;

/**
 * Stops the running containers of a server, after the requests that they answer, so that a successor can have their
 * port. The gateway gives them no new ones meanwhile. Terraform removes them later. Rejects with `GatewayProblem` when the
 * engine refuses.
 */
export async function makeRoom(project: string, server: string, docker: DockerOptions = {}): Promise<void> {
  const containers = await runningContainers(project, server, docker);
  if (containers.length === 0) return;
  const plan = await planInForce(`${project}-gateway`, docker);
  if (plan !== undefined)
    await Haproxy.with(plan.container, (haproxy) => emptied(haproxy, plan, new Set(containers), docker), docker);
  const stopped = await runDocker(['stop', ...containers], docker);
  if (stopped.code !== 0) throw refusal(`stop ${containers.join(', ')}`, stopped.stderr);
}

async function runningContainers(project: string, server: string, docker: DockerOptions): Promise<string[]> {
  const labels = [`${projectLabel}=${project}`, `${serverLabel}=${server}`];
  const filters = labels.flatMap((label) => ['--filter', `label=${label}`]);
  const { code, stdout, stderr } = await runDocker(['ps', ...filters, '--format', '{{.Names}}'], docker);
  if (code !== 0) throw refusal(`list the containers of ${server}`, stderr);
  return stdout.split('\n').filter(Boolean);
}

/** As the gateway has it; undefined when none runs, or it has none yet. */
async function planInForce(gateway: string, docker: DockerOptions): Promise<GatewayPlan | undefined> {
  const { code, stdout } = await runDocker(['exec', gateway, 'cat', `${gatewayPath}/plan.json`], docker);
  return code === 0 ? (JSON.parse(stdout) as GatewayPlan) : undefined;
}

/** Waits until no process of HAProxy has a request on the containers, at most the time to drain. */
async function emptied(
  haproxy: Haproxy,
  plan: GatewayPlan,
  containers: ReadonlySet<string>,
  { signal }: DockerOptions,
): Promise<void> {
  const { current } = await haproxy.processes();
  for (const { name, servers } of plan.pools)
    for (const { container } of servers)
      if (containers.has(container))
        await haproxy.command(`@!${current ?? 0} set server ${name}/${container} state drain`);
  const deadline = performance.now() + plan.drain * 1000;
  while (performance.now() < deadline) {
    const states = await haproxy.serverStates();
    if (sum(states.filter((state) => containers.has(state.server)).map(({ sessions }) => sessions)) === 0) return;
    await sleep(pollMs, undefined, { ...(signal && { signal }) });
  }
}

import type { GatewayPlan } from './gateway-plan.js';
import type { LoadPlan } from './load-plan.js';
import { serverUrl } from './server-url.js';

/**
 * Docker's name of the container of each server, by the server's name. Behind a gateway Terraform makes them when it
 * makes the containers: a successor needs a name of its own, also beside a predecessor with the very same settings,
 * which a failed update leaves behind.
 */
export type ContainerNames = Readonly<Record<string, string>>;

/** The variable in which Terraform tells our verbs the names, as JSON. */
export const containerNamesVariable = 'OLLAMA_STACKS_CONTAINERS';

/**
 * The names that an environment tells; undefined where it tells none, as in a project without a gateway.
 * @throws Error when the variable is no map of names
 */
export function containerNamesIn(env: Readonly<Record<string, string | undefined>>): ContainerNames | undefined {
  const text = env[containerNamesVariable];
  if (text === undefined || text === '') return undefined;
  const names = parsed(text);
  if (names !== undefined) return names;
  throw new Error(`${containerNamesVariable} is no JSON map of server to container; it is Terraform that sets it`);
}

function parsed(text: string): ContainerNames | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    return entries.length === Object.keys(value).length ? Object.fromEntries(entries) : undefined;
  } catch {
    return undefined;
  }
}

/** A load plan with the containers that are there; without names it stays as it is. */
export function locatedLoadPlan(plan: LoadPlan, names: ContainerNames | undefined): LoadPlan {
  if (names === undefined) return plan;
  const servers = plan.servers.map((server) => {
    const container = nameOf(server.name, names);
    const isTunnel = server.url === serverUrl({ container: server.container });
    return { ...server, container, ...(isTunnel && { url: serverUrl({ container }) }) };
  });
  return { ...plan, servers };
}

/** A gateway plan with the containers that are there; without names it stays as it is. */
export function locatedGatewayPlan(plan: GatewayPlan, names: ContainerNames | undefined): GatewayPlan {
  if (names === undefined) return plan;
  const pools = plan.pools.map((pool) => ({
    ...pool,
    servers: pool.servers.map((server) => ({ ...server, container: nameOf(server.name, names) })),
  }));
  return { ...plan, pools };
}

function nameOf(server: string, names: ContainerNames): string {
  const name = names[server];
  if (name === undefined) throw new Error(`${containerNamesVariable} names no container of server ${server}`);
  return name;
}

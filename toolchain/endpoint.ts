import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { ToolchainProblem } from './problem.js';

export const defaultEndpoint = 'unix:///var/run/docker.sock';

/** A Docker endpoint as `DOCKER_HOST` takes it, and who named it. */
export interface Endpoint {
  readonly host: string;
  /** `DOCKER_HOST`, `context desk`, or `default`. */
  readonly from: string;
}

/**
 * The engine that the docker client would speak to: `DOCKER_HOST`, else `DOCKER_CONTEXT`, else the client's current
 * context (docker/cli `cli/command/cli.go`, `resolveContextName`). Contexts are read as files, which saves a process.
 * @throws ToolchainProblem `unknown-context`
 */
export async function endpoint(env: NodeJS.ProcessEnv): Promise<Endpoint> {
  if (env.DOCKER_HOST) return { host: env.DOCKER_HOST, from: 'DOCKER_HOST' };
  const configuration = env.DOCKER_CONFIG ?? path.join(env.HOME ?? homedir(), '.docker');
  const context = env.DOCKER_CONTEXT ?? (await currentContext(configuration));
  if (!context || context === 'default') return { host: defaultEndpoint, from: 'default' };
  return { host: await contextHost(configuration, context), from: `context ${context}` };
}

async function currentContext(configuration: string): Promise<string | undefined> {
  const text = await readFile(path.join(configuration, 'config.json'), 'utf8').catch(() => '{}');
  return (JSON.parse(text) as { currentContext?: string }).currentContext;
}

async function contextHost(configuration: string, context: string): Promise<string> {
  const directory = createHash('sha256').update(context).digest('hex');
  const file = path.join(configuration, 'contexts', 'meta', directory, 'meta.json');
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const meta = JSON.parse(text) as { Endpoints?: { docker?: { Host?: string } } };
  const host = meta.Endpoints?.docker?.Host;
  if (host) return host;
  throw new ToolchainProblem(
    'unknown-context',
    `docker context ${context} does not exist`,
    'docker context ls lists them',
  );
}

/** Path of a unix socket, or undefined for an engine behind tcp or ssh. */
export function socketPath(host: string): string | undefined {
  return host.startsWith('unix://') ? host.slice('unix://'.length) : undefined;
}

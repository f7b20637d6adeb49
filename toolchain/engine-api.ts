import { request } from 'node:http';
import { socketPath } from './endpoint.js';
import { run } from './command.js';
import { ToolchainProblem } from './problem.js';
import type { Workshop } from './workshop.js';

/** What an engine says when it is asked for its version. */
export type EngineState =
  | { readonly state: 'running'; readonly version: string }
  /** Nobody listens. */
  | { readonly state: 'absent'; readonly reason: string }
  /** It is there, and this user may not speak to it. */
  | { readonly state: 'denied' };

/** A local engine answers in a millisecond; this only guards against one that hangs. */
const patienceMs = 5000;

/**
 * One GET to an engine behind a unix socket (Docker Engine API); the docker client would take ten times as long.
 * @returns status and parsed body; rejects with the socket's error (`ENOENT`, `ECONNREFUSED`, `EACCES`)
 */
export function getFromEngine(
  socket: string,
  path: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patienceMs);
    const call = request({ socketPath: socket, path, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const json = response.headers['content-type']?.startsWith('application/json') === true;
        resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text });
      });
    });
    call.on('error', reject);
    call.end();
  });
}

/** Whether the engine at `host` runs, and which version it is (`20.10.24`, without the distribution's suffix). */
export async function askEngine(workshop: Workshop, host: string): Promise<EngineState> {
  const socket = socketPath(host);
  if (socket === undefined) return askThroughClient(workshop, host);
  try {
    const { body } = await getFromEngine(socket, '/version');
    return { state: 'running', version: plainVersion((body as { Version?: string }).Version ?? '') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? { state: 'denied' } : { state: 'absent', reason: message };
  }
}

async function askThroughClient(workshop: Workshop, host: string): Promise<EngineState> {
  const argv = ['docker', '--host', host, 'version', '--format', '{{.Server.Version}}'];
  try {
    return { state: 'running', version: plainVersion(await run(workshop, argv)) };
  } catch (error) {
    if (error instanceof ToolchainProblem) return { state: 'absent', reason: error.original ?? error.message };
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { state: 'absent', reason: 'there is no docker client on PATH' };
  }
}

const plainVersion = (version: string): string => version.trim().split(/[+~]/)[0] ?? '';

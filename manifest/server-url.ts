import type { Server } from './manifest.js';

/**
 * Base URL of a server, without a slash at its end: on this machine (`http://127.0.0.1:11434`), or through the engine
 * into the container when it publishes no port (`docker://<container>`, see ollama/container-agent.ts).
 */
export function serverUrl({ port, container }: Pick<Server, 'port' | 'container'>): string {
  return port === undefined ? `docker://${container}` : `http://127.0.0.1:${port}`;
}

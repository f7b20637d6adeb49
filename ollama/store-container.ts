import { $ } from 'zx/core';

/** Runs `docker`; `env` chooses the engine (`DOCKER_HOST`), the default is this process's own. */
export interface DockerOptions {
  readonly env?: NodeJS.ProcessEnv;
}

/** Where a store is mounted in every container that uses it. */
export const storePath = '/root/.ollama';

/** A file of the store as text, through a container that has it mounted, running or not; undefined when there is none. */
export async function readStoreFile(
  container: string,
  name: string,
  { env = process.env }: DockerOptions = {},
): Promise<string | undefined> {
  void $({ env });
  throw new Error(`not written yet: ${container} ${name}`);
}

/** Writes a file of the store whole. Rejects with `LoadError` when the engine refuses. */
export async function writeStoreFile(
  container: string,
  name: string,
  text: string,
  { env = process.env }: DockerOptions = {},
): Promise<void> {
  void $({ env });
  throw new Error(`not written yet: ${container} ${name} ${text}`);
}

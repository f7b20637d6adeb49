import type { Server } from '../../manifest/manifest.js';
import type { InspectedContainer } from '../deploy/engine.js';
import { modelNameKey } from '../../manifest/model-ref.js';

/** One server as it is now, beside what was declared. */
export interface ServerStatus {
  readonly server: string;
  readonly container: string;
  readonly url: string;
  /** Docker's word (`running`, `exited`, `restarting`), or `absent`. */
  readonly state: string;
  /** Version that answers; absent when none does. */
  readonly version?: string;
  readonly models: readonly ModelStatus[];
}

export interface ModelStatus {
  readonly name: string;
  readonly declared: boolean;
  readonly present: boolean;
  /** Bytes in the store. */
  readonly size?: number;
  readonly loaded: boolean;
  /** Share of a loaded model that lies in GPU memory, 0 to 1. */
  readonly gpu?: number;
}

/** How a server names its models. */
export interface ListedModel {
  readonly name: string;
  readonly size: number;
  readonly size_vram?: number;
}

/** A server that does not answer within this is not up. */
const patienceMs = 3000;

/** Asks a server what it has; its silence is part of the status, not an error. */
export async function openServerStatus(
  server: Server,
  container: InspectedContainer | undefined,
): Promise<ServerStatus> {
  const { OllamaServer } = await import('../../ollama/server.js');
  const url = `http://127.0.0.1:${server.port}`;
  const ollama = new OllamaServer(url, AbortSignal.timeout(patienceMs));
  const state = container?.State.Status ?? 'absent';
  const base = { server: server.name, container: server.container, url, state };
  // Without the container, whoever answers on its port is somebody else.
  if (state !== 'running') return { ...base, models: modelStatuses(server.models, [], []) };
  try {
    const [version, tags, loaded] = await Promise.all([ollama.version(), ollama.tags(), ollama.ps()]);
    return { ...base, version, models: modelStatuses(server.models, tags, loaded) };
  } catch {
    return { ...base, models: modelStatuses(server.models, [], []) };
  }
}

/** Declared models first, then what else lies in the store. */
export function modelStatuses(
  declared: readonly string[],
  tags: readonly ListedModel[],
  loaded: readonly ListedModel[],
): ModelStatus[] {
  const keys = new Set(declared.map(modelNameKey));
  const others = tags.map(({ name }) => name).filter((name) => !keys.has(modelNameKey(name)));
  return [...declared, ...others].map((name) => {
    const key = modelNameKey(name);
    const tag = tags.find((candidate) => modelNameKey(candidate.name) === key);
    const running = loaded.find((candidate) => modelNameKey(candidate.name) === key);
    return {
      name,
      declared: keys.has(key),
      present: tag !== undefined,
      loaded: running !== undefined,
      ...(tag ? { size: tag.size } : {}),
      ...(running && running.size > 0 ? { gpu: (running.size_vram ?? 0) / running.size } : {}),
    };
  });
}

/** What is not as declared, in words. */
export function serverTroubles({ server, container, state, version, models }: ServerStatus): string[] {
  if (state === 'absent') return [`server ${server}: there is no container ${container}; npm run up`];
  if (state !== 'running')
    return [`server ${server}: container ${container} is ${state}; npm run logs -- ${server}, then npm run up`];
  if (version === undefined)
    return [`server ${server}: the container runs, but nothing answers; npm run logs -- ${server}`];
  return models
    .filter(({ present }) => !present)
    .map(({ name }) => `server ${server}: model ${name} is not there; npm run up`);
}

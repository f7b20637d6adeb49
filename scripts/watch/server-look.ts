import type { LoadPlan } from '../../manifest/load-plan.js';
import type { Lock } from '../../manifest/lock.js';
import type { Manifest, Server } from '../../manifest/manifest.js';
import { serverUrl } from '../../manifest/server-url.js';
import { LoadError } from '../../ollama/load-error.js';
import { preload } from '../../ollama/preload.js';
import { waitUntilReady } from '../../ollama/readiness.js';
import { OllamaServer } from '../../ollama/server.js';
import { StatusWatch } from '../deploy/deployment-status.js';
import type { Engine } from '../deploy/engine.js';
import type { ServerStatus } from '../report/server-status.js';
import { locatedManifest } from '../deploy/located-manifest.js';
import { Failure } from '../shell/problem.js';
import { loadedShare } from '../smoke/gpu-checks.js';
import { type GpuProof, gpuProofs } from '../smoke/gpu-proof.js';
import { gatewayObservation, type GpuEvidence, observationOf, unseen } from './observation.js';
import type { Observation, Watched } from './watch-state.js';

/** A project whose servers are looked at again and again. */
export interface WatchedProject {
  readonly manifest: Manifest;
  readonly plans: readonly LoadPlan[];
  readonly lock: Lock | undefined;
  readonly engine: Engine;
  /** Load the smallest model of a server that holds none, because only a load shows that the GPU is still there. */
  readonly load: boolean;
}

/** Looks at the servers of a project; never rejects for what a server or the engine does. */
export class ServerLook {
  readonly #status: StatusWatch;

  constructor(private readonly project: WatchedProject) {
    this.#status = new StatusWatch(project.manifest, project.plans, project.engine);
  }

  /** Every server of the manifest, in its order, and the gateway. */
  async all(): Promise<readonly (readonly [Server | Watched, Observation])[]> {
    const { lock, engine } = this.project;
    let { manifest } = this.project;
    try {
      manifest = await locatedManifest(manifest, engine);
      const found = await this.#status.look();
      const proofs = gpuProofs(manifest, lock, () => Promise.resolve(engine));
      const servers = await Promise.all(
        manifest.servers.map(async (server, index) => {
          const status = found.servers[index];
          if (status === undefined) throw new Error(`no status of server ${server.name}`);
          return [server, await this.#observe(server, status, proofs.get(server.name))] as const;
        }),
      );
      const { gateway } = found;
      if (!gateway) return servers;
      return [...servers, [{ name: 'gateway', container: gateway.container }, gatewayObservation(gateway)]];
    } catch (error) {
      return manifest.servers.map((server) => [server, unseen(refusal(error))] as const);
    }
  }

  async #observe(server: Server, status: ServerStatus, proof: GpuProof | undefined): Promise<Observation> {
    const declared = server.gpu.vendor !== 'none';
    if (proof === undefined || !status.up) return observationOf(status, { declared, models: [] });
    const models = await this.#models(server, status, proof);
    return observationOf(status, { declared, models, ...(declared && { server: await proof.ofServer() }) });
  }

  async #models(server: Server, status: ServerStatus, proof: GpuProof): Promise<GpuEvidence['models']> {
    const loaded = status.models.flatMap(({ name, gpu }) => (gpu === undefined ? [] : [{ name, share: gpu }]));
    const shares = loaded.length > 0 ? loaded : await this.#loadSmallest(server, status);
    return Promise.all(shares.map(async (one) => ({ ...one, verdict: await proof.ofModel(one) })));
  }

  async #loadSmallest(server: Server, status: ServerStatus): Promise<{ name: string; share: number }[]> {
    if (!this.project.load || server.gpu.vendor === 'none') return [];
    const present = status.models.filter((model) => model.declared && model.present);
    const [smallest] = present.toSorted((a, b) => (a.size ?? 0) - (b.size ?? 0));
    if (smallest === undefined) return [];
    return [{ name: smallest.name, share: await loadedShare(new OllamaServer(serverUrl(server)), smallest.name) }];
  }
}

/** Restarts the container of a server, waits until it answers, and loads what the manifest wants in memory. */
export async function restartServer(
  { manifest, engine }: WatchedProject,
  { name, container, port, models }: Server,
  signal: AbortSignal,
): Promise<string | undefined> {
  const url = serverUrl({ port, container });
  try {
    await engine.restart(container, manifest.project);
    await waitUntilReady({ name, container, url, models }, signal);
    const held = manifest.models.filter((model) => models.includes(model.name));
    const server = new OllamaServer(url, signal);
    for (const { name: model, preload: wish } of held) if (wish) await preload(server, model, wish);
    return undefined;
  } catch (error) {
    return refusal(error);
  }
}

/** What the engine or a server refused, in words; bugs are thrown on. */
function refusal(error: unknown): string {
  if (error instanceof Failure) return error.message;
  if (error instanceof LoadError) return error.message;
  if (error instanceof Error && ('code' in error || 'status_code' in error || error.name === 'AbortError'))
    return error.message;
  throw error;
}

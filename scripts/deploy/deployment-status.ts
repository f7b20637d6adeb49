import { engineEnvironment } from './engine-environment.js';
import { serverUrl } from '../../manifest/server-url.js';
import type { LoadPlan } from '../../manifest/load-plan.js';
import type { Manifest, Server } from '../../manifest/manifest.js';
import { modelNameKey } from '../../manifest/model-ref.js';
import { mergeRecords, parseRecord, recordFileName, type StoreRecord } from '../../ollama/load-record.js';
import type { StoredModel } from '../../ollama/load-step.js';
import type { GatewayStatus } from '../report/gateway-lines.js';
import { modelStatuses, modelTrouble, type ModelDemand, type ServerStatus } from '../report/server-status.js';
import type { Engine } from './engine.js';
import { locatedManifest, plansWithContainers } from './located-manifest.js';
import { modelDemands } from './model-demand.js';
import { askServer, type ServerAnswer } from './server-answer.js';
import { localRecord } from './store-record.js';

/** The servers of a project and its two signals. */
export interface DeploymentStatus {
  readonly project: string;
  /** Whether every server answers, and the gateway. */
  readonly up: boolean;
  /** Whether every server has every declared model as it should be. */
  readonly satisfied: boolean;
  readonly servers: readonly ServerStatus[];
  readonly gateway?: GatewayStatus;
}

/** Looks at the servers of a project, once or again and again. */
export class StatusWatch {
  /** Docker's words by container; asked again only when a server does not answer. */
  #states: ReadonlyMap<string, string> = new Map();

  constructor(
    private readonly manifest: Manifest,
    private readonly plans: readonly LoadPlan[],
    private readonly engine: Engine,
  ) {}

  async look(): Promise<DeploymentStatus> {
    const [{ project, servers: declared }, gateway] = await Promise.all([
      locatedManifest(this.manifest, this.engine),
      this.#gateway(),
    ]);
    let answers = await this.#ask(declared);
    if (declared.some(({ container }) => !answers.has(container))) {
      this.#states = await this.#inspect(declared);
      answers = await this.#ask(declared);
    }
    const plans = plansWithContainers(this.plans, { servers: declared });
    const demands = new Map(await Promise.all(plans.map(async (plan) => this.#demandsOf(plan, answers))));
    const servers = declared.map((server) =>
      statusOf(server, this.#states.get(server.container), answers.get(server.container), demands.get(server.store)),
    );
    const up = servers.every((server) => server.up) && gateway?.up !== false;
    const satisfied = servers.every((server) => server.satisfied);
    return { project, up, satisfied, servers, ...(gateway && { gateway }) };
  }

  async #gateway(): Promise<GatewayStatus | undefined> {
    if (!this.manifest.gateway) return undefined;
    const { gatewayStatus } = await import('./gateway-status.js');
    return gatewayStatus(this.manifest, this.engine);
  }

  /** Without its container, whoever answers on the port of a server is somebody else. */
  async #ask(servers: readonly Server[]): Promise<ReadonlyMap<string, ServerAnswer>> {
    const running = servers.filter(({ container }) => this.#states.get(container) === 'running');
    const answers = await Promise.all(
      running.map(async (server) => [server.container, await askServer(server)] as const),
    );
    return new Map(answers.flatMap(([container, answer]) => (answer ? [[container, answer] as const] : [])));
  }

  async #inspect(servers: readonly Server[]): Promise<ReadonlyMap<string, string>> {
    const containers = await this.engine.containers(servers.map(({ container }) => container));
    return new Map(containers.map(({ Name, State }) => [Name.replace(/^\//, ''), State.Status]));
  }

  async #demandsOf(
    plan: LoadPlan,
    answers: ReadonlyMap<string, ServerAnswer>,
  ): Promise<readonly [string, readonly ModelDemand[]]> {
    const container = plan.servers.map((server) => server.container).find((name) => answers.has(name));
    const tags = (container !== undefined && answers.get(container)?.tags) || [];
    const local = await localRecord(plan);
    const demands = modelDemands(plan, tags, local);
    const isThere = (name: string): boolean => tags.some((tag) => tag.name === name);
    const doubtful = demands.some(({ name, digest }) => digest === 'differs' && isThere(name));
    if (container === undefined || !doubtful) return [plan.store, demands];
    // Another checkout may have made it; the store knows.
    return [plan.store, modelDemands(plan, tags, await this.#ownRecord(container, tags, local))];
  }

  async #ownRecord(container: string, tags: readonly StoredModel[], local: StoreRecord): Promise<StoreRecord> {
    const { readStoreFile } = await import('../../ollama/store-container.js');
    const env = engineEnvironment(this.engine.host);
    const own = parseRecord(await readStoreFile(container, recordFileName, { env }).catch(() => undefined));
    return mergeRecords(own, local, new Map(tags.map(({ name, digest }) => [name, digest])));
  }
}

/** Puts together what Docker, the server and the loader's memory say of one server. */
export function statusOf(
  { name, container, port, models: offered }: Server,
  state = 'absent',
  answer: ServerAnswer | undefined,
  demands: readonly ModelDemand[] = [],
): ServerStatus {
  const own = demands.filter((demand) => offered.includes(demand.name));
  const others = new Set(demands.filter((demand) => !own.includes(demand)).map((demand) => modelNameKey(demand.name)));
  // What another server of the store offers is no surprise in its list, but it is in its memory.
  const models = modelStatuses(own, answer?.tags ?? [], answer?.loaded ?? []).filter(
    (model) => model.loaded || !others.has(modelNameKey(model.name)),
  );
  const satisfied = answer !== undefined && models.every((model) => modelTrouble(model) === undefined);
  const base = { server: name, container, url: serverUrl({ port, container }), state };
  return { ...base, ...(answer && { version: answer.version }), up: answer !== undefined, satisfied, models };
}

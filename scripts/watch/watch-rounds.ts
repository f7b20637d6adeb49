import type { Server } from '../../manifest/manifest.js';
import { restartServer, ServerLook, type WatchedProject } from './server-look.js';
import type { WatchPrinter } from './watch-report.js';
import {
  freshState,
  type Observation,
  type RestartPolicy,
  type Watched,
  type WatchState,
  watchStep,
} from './watch-state.js';

/** Look after look at the servers of a project, with what each of them asks for. */
export class WatchRounds {
  readonly #states = new Map<string, WatchState>();
  readonly #look: ServerLook;

  constructor(
    private readonly project: WatchedProject,
    private readonly policy: RestartPolicy,
    private readonly print: WatchPrinter,
    private readonly signal: AbortSignal,
  ) {
    this.#look = new ServerLook(project);
  }

  /** One look at all servers, and a second one after restarts; whether all is well at its end. */
  async next(): Promise<boolean> {
    const seen = await this.#look.all();
    // Ctrl-C of a terminal ends the docker commands, too: such a look saw nothing.
    if (this.signal.aborted) return false;
    const restarted = this.#step(seen);
    if (restarted.length === 0) return isWell(seen);
    const refusals = new Map(
      await Promise.all(
        restarted.map(async (server) => [server.name, await restartServer(this.project, server, this.signal)] as const),
      ),
    );
    const again = (await this.#look.all()).map(
      ([server, one]) => [server, withRefusal(one, refusals.get(server.name))] as const,
    );
    if (this.signal.aborted) return false;
    this.#step(again);
    return isWell(again);
  }

  /** Tells what changed; returns the servers that have to be restarted. */
  #step(seen: Seen): Server[] {
    return seen.flatMap(([server, observation]) => {
      const before = this.#states.get(server.name) ?? freshState;
      const { state, actions } = watchStep(before, observation, performance.now(), this.policy);
      this.#states.set(server.name, state);
      this.print(server, observation, actions);
      return actions.some(({ type }) => type === 'restart') && isServer(server) ? [server] : [];
    });
  }
}

type Seen = readonly (readonly [Server | Watched, Observation])[];

/** Only what has a GPU can lose it, and be restarted for that. */
const isServer = (watched: Server | Watched): watched is Server => 'gpu' in watched;

const isWell = (seen: Seen): boolean => seen.every(([, { troubles }]) => troubles.length === 0);

function withRefusal(seen: Observation, refusal: string | undefined): Observation {
  if (refusal === undefined) return seen;
  return { ...seen, troubles: [{ code: 'restart', message: refusal }, ...seen.troubles] };
}

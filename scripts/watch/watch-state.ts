import type { Server } from '../../manifest/manifest.js';
import type { Advice } from '../smoke/gpu-advice.js';

/** What is looked at: a server, or the gateway, by its name and that of its container. */
export type Watched = Pick<Server, 'name' | 'container'>;

/** Something of a server that is not as declared. */
export interface Trouble {
  /** Stable name; two troubles of one server with the same code and subject are the same. */
  readonly code: string;
  /** The model it concerns; absent when it is the server. */
  readonly subject?: string;
  /** Lower case, without a full stop. */
  readonly message: string;
}

/** `unproven`: nothing is loaded, and the log of the start is gone; `wrong`: used, but not as declared. */
export type GpuWord = 'none' | 'used' | 'lost' | 'wrong' | 'unproven';

/** What one look at a server saw. */
export interface Observation {
  readonly gpu: GpuWord;
  readonly troubles: readonly Trouble[];
  /** What may be behind the troubles, the likeliest first. */
  readonly advice: readonly Advice[];
  /** Whether a restart may bring a lost GPU back. */
  readonly restartHelps: boolean;
  /** How it is when all is well, in words. */
  readonly seen: string;
}

/** What is remembered of a server from look to look. Times are milliseconds of any clock that only goes on. */
export interface WatchState {
  /** Which troubles were told last; absent before the first look. */
  readonly told?: string;
  /** Restarts since the GPU was last there for good. */
  readonly restarts: number;
  readonly restartedAt?: number;
  /** The look that comes next shows whether the restart helped. */
  readonly restarting: boolean;
}

export const freshState: WatchState = { restarts: 0, restarting: false };

export interface RestartPolicy {
  readonly allowed: boolean;
  /** Milliseconds after a first restart before the next one; doubles with each that did not help. */
  readonly pause: number;
  readonly longestPause: number;
}

export const restartPolicy = { pause: 10 * 60_000, longestPause: 2 * 3600_000 } as const;

export type WatchAction =
  | { readonly type: 'tell'; readonly word: TellWord; readonly text: string; readonly advice: readonly Advice[] }
  | { readonly type: 'restart' };

export type TellWord = 'fine' | 'wrong' | 'restart' | 'mended' | 'not mended' | 'restarted';

export interface WatchStep {
  readonly state: WatchState;
  readonly actions: readonly WatchAction[];
}

/** What to do after a look: tells what changed, and restarts a server whose GPU is lost where that is allowed and may help. */
export function watchStep(state: WatchState, seen: Observation, now: number, policy: RestartPolicy): WatchStep {
  if (state.restarting) return afterRestart(state, seen, policy);
  const told = keyOf(seen);
  const news = told === state.told ? [] : [newsOf(seen, policy)];
  const pause = pauseAfter(state.restarts, policy);
  const rested = state.restartedAt === undefined || now - state.restartedAt >= pause;
  if (seen.gpu === 'lost' && policy.allowed && seen.restartHelps && rested) {
    const text = `restarting its container (restart ${state.restarts + 1})`;
    const restart: WatchAction[] = [{ type: 'tell', word: 'restart', text, advice: [] }, { type: 'restart' }];
    const next = { told, restarts: state.restarts + 1, restartedAt: now, restarting: true };
    return { state: next, actions: [...news, ...restart] };
  }
  // A GPU that stayed through the pause is there for good.
  const restarts = seen.gpu !== 'lost' && rested ? 0 : state.restarts;
  return { state: { ...state, told, restarts }, actions: news };
}

/** Milliseconds after the last of `restarts` restarts before the next one. */
export function pauseAfter(restarts: number, { pause, longestPause }: RestartPolicy): number {
  return restarts === 0 ? 0 : Math.min(pause * 2 ** (restarts - 1), longestPause);
}

function afterRestart(state: WatchState, seen: Observation, policy: RestartPolicy): WatchStep {
  const next: WatchState = { ...state, told: keyOf(seen), restarting: false };
  const advice = seen.advice.map(afterAll).toSorted((a, b) => Number(a.restart ?? false) - Number(b.restart ?? false));
  const tell = (word: TellWord, text: string): WatchAction => ({ type: 'tell', word, text, advice });
  if (seen.gpu === 'used' && seen.troubles.length === 0)
    return { state: next, actions: [tell('mended', `the restart brought its GPU back: ${seen.seen}`)] };
  if (seen.troubles.length === 0) {
    const text = `it answers again, ${seen.seen}; the next model that is loaded proves its GPU`;
    return { state: next, actions: [tell('restarted', text)] };
  }
  const minutes = Math.round(pauseAfter(state.restarts, policy) / 60_000);
  const again =
    seen.gpu === 'lost' && seen.restartHelps ? `; the next restart comes in ${minutes} minutes at the earliest` : '';
  const text = `restarting did not help: ${troubleText(seen)}${again}`;
  return { state: next, actions: [tell('not mended', text)] };
}

/** What a restart was to mend, it did not. */
function afterAll(advice: Advice): Advice {
  return advice.restart === true
    ? { ...advice, remedy: 'npm run doctor, and the log of the server (npm run logs)' }
    : advice;
}

function newsOf(seen: Observation, { allowed }: RestartPolicy): WatchAction {
  if (seen.troubles.length === 0) return { type: 'tell', word: 'fine', text: seen.seen, advice: [] };
  const hopeless = allowed && seen.gpu === 'lost' && !seen.restartHelps ? '; a restart would not help' : '';
  return { type: 'tell', word: 'wrong', text: `${troubleText(seen)}${hopeless}`, advice: seen.advice };
}

const troubleText = ({ troubles }: Observation): string => troubles.map(({ message }) => message).join('; ');

/** Words may hold figures that change; what it is does not. */
function keyOf({ troubles }: Observation): string {
  return troubles
    .map(({ code, subject = '' }) => `${code} ${subject}`)
    .toSorted()
    .join(', ');
}

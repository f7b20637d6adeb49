import { homedir } from 'node:os';
import path from 'node:path';

/** Where and how pieces are made: the surroundings of one run of `prepare`. */
export interface Workshop {
  /** What was built is kept here, per user. */
  readonly cache: string;
  /** Root of the toolkit: the pinned recipes lie in its `toolchain/`. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Ends every command that runs. */
  readonly signal: AbortSignal;
  /** What the piece does now, in a few words. */
  readonly progress: (text: string) => void;
  /** Asks before something is done as root; absent where nobody can answer. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Runs compilers one after another: each of them already uses every core, and memory is short before cores are. */
  readonly compile: <T>(work: () => Promise<T>) => Promise<T>;
}

/** `$XDG_CACHE_HOME/ollama-stacks`, or below `~/.cache` (XDG base directory specification: relative values are ignored). */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const xdg = env.XDG_CACHE_HOME;
  const base = xdg && path.isAbsolute(xdg) ? xdg : path.join(env.HOME ?? homedir(), '.cache');
  return path.join(base, 'ollama-stacks');
}

/** A workshop with the cache and toolkit that the environment names; what is not given is quiet and never aborted. */
export function openWorkshop(given: Partial<Workshop> = {}): Workshop {
  const env = given.env ?? process.env;
  return {
    cache: cacheDirectory(env),
    home: env.OLLAMA_STACKS_HOME ?? process.cwd(),
    env,
    signal: new AbortController().signal,
    progress: () => undefined,
    compile: oneAtATime(),
    ...given,
  };
}

/** One at a time, in the order of the calls; a failure does not stop those that wait. */
export function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  };
}

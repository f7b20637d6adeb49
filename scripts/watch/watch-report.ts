import { style } from '../report/style.js';
import type { Observation, TellWord, WatchAction, Watched } from './watch-state.js';

/** Told of every look at a server or the gateway, and of what follows from it. */
export type WatchPrinter = (watched: Watched, seen: Observation, actions: readonly WatchAction[]) => void;

/** One line a change for people, one a look for machines. */
export function watchPrinter(json: boolean): WatchPrinter {
  return (server, seen, actions) => {
    const now = new Date();
    const lines = json
      ? [watchJson(server, seen, actions, now)]
      : actions.flatMap((action) => (action.type === 'tell' ? [watchLine(server.name, action, now)] : []));
    for (const line of lines) process.stdout.write(`${line}\n`);
  };
}

const colours: Readonly<Record<TellWord, (text: string) => string>> = {
  fine: style.green,
  mended: style.green,
  restarted: style.yellow,
  restart: style.yellow,
  wrong: style.red,
  'not mended': style.red,
};

/** `2026-11-22 21:30:05  main        wrong       what it is; likely: why; next: what mends it`. */
export function watchLine(server: string, action: Extract<WatchAction, { type: 'tell' }>, now: Date): string {
  const { word, text, advice } = action;
  const [likely] = advice;
  const why = likely && word !== 'mended' ? `; likely: ${likely.cause}; next: ${likely.remedy}` : '';
  const padding = ' '.repeat(Math.max(1, 12 - word.length));
  return `${style.dim(localTime(now))}  ${style.bold(server.padEnd(10))}  ${colours[word](word)}${padding}${text}${why}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

function localTime(now: Date): string {
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  return `${date} ${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':')}`;
}

function watchJson(
  { name, container }: Watched,
  { gpu, troubles, advice, seen }: Observation,
  actions: readonly WatchAction[],
  now: Date,
): string {
  const told = actions.flatMap((action) => (action.type === 'tell' ? [action.word] : []));
  const state = troubles.length === 0 ? 'fine' : 'wrong';
  return JSON.stringify({ time: now.toISOString(), server: name, container, state, gpu, seen, troubles, advice, told });
}

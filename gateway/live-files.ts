import { gatewayPath } from '../manifest/gateway-plan.js';
import type { Haproxy } from './admin-socket.js';
import type { Processes } from './haproxy-answers.js';
import { GatewayProblem } from './problem.js';

/** Bytes of one command at most: HAProxy's buffer, at its smallest, holds 16 KiB. */
const mostBytes = 12 * 1024;

/** What the answer is when a process ended meanwhile. */
const isGone = (answer: string): boolean => answer.startsWith("Can't find the target PID");

/**
 * Puts a map in force in every process, also in those that end what they began before a reload: no request sees half
 * of it (management manual, `prepare map`), and nothing is reloaded. Rejects with `GatewayProblem` unless each process
 * then says that it has exactly that.
 * @param file name in the volume, `keys.map`
 */
export async function replaceMap(haproxy: Haproxy, file: string, text: string): Promise<void> {
  const name = `${gatewayPath}/${file}`;
  for (;;) {
    const before = await haproxy.processes();
    const fault = await replaceInAll(haproxy, before, name, text);
    if (fault === undefined) return;
    const { reloads } = await haproxy.processes();
    // A reload came between, and its new process has read the file.
    if (reloads === before.reloads) throw unconfirmed(haproxy, name, fault);
  }
}

async function replaceInAll(
  haproxy: Haproxy,
  { current, old }: Processes,
  name: string,
  text: string,
): Promise<string | undefined> {
  for (const pid of [...(current === undefined ? [] : [current]), ...old]) {
    const said = await replaceIn(haproxy, `@!${pid}`, name, text);
    if (said !== undefined && !(isGone(said) && pid !== current)) return said;
  }
  return current === undefined ? 'no process takes connections' : undefined;
}

/** What went wrong; undefined when the process has it. */
async function replaceIn(haproxy: Haproxy, process: string, name: string, text: string): Promise<string | undefined> {
  const prepared = await haproxy.command(`${process} prepare map ${name}`);
  const version = /New version created: (\d+)/.exec(prepared)?.[1];
  if (version === undefined) return prepared;
  for (const part of parts(text)) {
    const answer = await haproxy.command(`${process} add map @${version} ${name}`, part);
    if (answer.trim() !== '') return answer;
  }
  const answer = await haproxy.command(`${process} commit map @${version} ${name}`);
  if (answer.trim() !== '') return answer;
  const has = await haproxy.command(`${process} show map ${name}`);
  const lines = has.split('\n').flatMap((line) => /^0x[0-9a-f]+ (.*)$/.exec(line)?.[1] ?? []);
  const wanted = text.split('\n').filter(Boolean);
  // The answer would quote hashes.
  return lines.toSorted().join('\n') === wanted.toSorted().join('\n') ? undefined : 'it has other entries';
}

/** Whole lines, as many as one command may carry. */
function parts(text: string): string[] {
  const found: string[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const last = found.at(-1);
    if (last !== undefined && last.length + line.length < mostBytes) found[found.length - 1] = `${last}\n${line}`;
    else found.push(line);
  }
  return found;
}

function unconfirmed({ container }: Haproxy, name: string, said: string): GatewayProblem {
  const message = `the change is written, but HAProxy in ${container} did not take ${name}`;
  const next = `\`docker kill --signal USR2 ${container}\` has it read its files again`;
  return new GatewayProblem('gateway-not-told', message, { next, original: said.trim() });
}

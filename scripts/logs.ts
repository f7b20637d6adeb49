import type { Server } from '../manifest/manifest.js';
import { openManifest } from './deploy/synthesis.js';
import { openEngine } from './deploy/workplace.js';
import { UsageError } from './shell/problem.js';
import { readProject } from './shell/project.js';
import { manifestFlags, runVerb } from './shell/verb.js';

const verb = {
  name: 'logs',
  summary: 'Shows what a server wrote.',
  operands: '[server]',
  flags: {
    ...manifestFlags,
    follow: { type: 'boolean', short: 'f', help: 'go on until Ctrl-C' },
    tail: { type: 'string', short: 'n', value: 'LINES', help: 'only the last lines' },
  },
} as const;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, async (flags, operands) => {
    const manifest = await openManifest(await readProject(flags));
    const { container } = chooseServer(manifest.servers, operands);
    const logged = logFlags(flags);
    return (await openEngine()).logs(container, logged);
  });
}

/** Flags of `docker logs`. */
export function logFlags({ follow, tail }: { readonly follow: boolean; readonly tail?: string | undefined }): string[] {
  if (tail !== undefined && !/^\d+$/.test(tail)) throw new UsageError(`--tail wants a number of lines, got ${tail}`);
  return [...(follow ? ['--follow'] : []), ...(tail === undefined ? [] : ['--tail', tail])];
}

/** The server that was named; the only one needs no name. */
export function chooseServer(servers: readonly Server[], operands: readonly string[]): Server {
  const names = servers.map(({ name }) => name).join(', ');
  const [name, ...others] = operands;
  if (others.length > 0) throw new UsageError(`logs shows one server at a time, got ${operands.join(' ')}`);
  const [only] = servers;
  if (name === undefined && only && servers.length === 1) return only;
  if (name === undefined) throw new UsageError('which server?', `name one of ${names}`);
  const named = servers.find((server) => server.name === name);
  if (!named) throw new UsageError(`there is no server ${name}`, `the manifest declares ${names}`);
  return named;
}

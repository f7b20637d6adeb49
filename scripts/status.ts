import type { Manifest, Server } from '../manifest/manifest.js';
import { openManifest } from './deploy/synthesis.js';
import { openEngine } from './deploy/workplace.js';
import { openServerStatus, type ServerStatus, serverTroubles } from './report/server-status.js';
import { statusTable } from './report/status-table.js';
import { style } from './report/style.js';
import { exitCode } from './shell/exit-code.js';
import { readProject } from './shell/project.js';
import { manifestFlags, runVerb } from './shell/verb.js';

const verb = {
  name: 'status',
  summary: 'Shows the servers, their models, and where these run; exits 1 when something is not as declared.',
  flags: { ...manifestFlags, json: { type: 'boolean', help: 'print the status as JSON' } },
} as const;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, async (flags) => {
    const manifest = await openManifest(await readProject(flags));
    const servers = await askServers(manifest);
    const troubles = servers.flatMap(serverTroubles);
    if (flags.json)
      process.stdout.write(`${JSON.stringify({ project: manifest.project, servers, troubles }, undefined, 2)}\n`);
    else {
      process.stdout.write(statusTable(servers));
      for (const trouble of troubles) process.stdout.write(`${style.red('!')} ${trouble}\n`);
    }
    return troubles.length === 0 ? exitCode.fine : exitCode.failed;
  });
}

async function askServers(manifest: Manifest): Promise<ServerStatus[]> {
  const engine = await openEngine();
  const containers = await engine.containers(manifest.servers.map(({ container }) => container));
  const found = new Map(containers.map((container) => [container.Name.replace(/^\//, ''), container]));
  return Promise.all(manifest.servers.map((server: Server) => openServerStatus(server, found.get(server.container))));
}

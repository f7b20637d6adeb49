import type { Finding, PathSegment } from './diagnostics.js';
import { modelRefKey, parseModelRef } from './model-ref.js';
import { checkPlacement, partsOf } from './placement-checks.js';
import { partName } from './placement-devices.js';
import { checkReplicas } from './replica-checks.js';
import type { RawManifest } from './schema.js';
import type { RawServer } from './server-schema.js';
import { suggestion } from './suggestion.js';

/** Names that the manifest declares, those with mistakes included, so that one mistake does not report another. */
export interface DeclaredNames {
  readonly servers: readonly string[];
  readonly models: readonly string[];
}

/** The port of the only server of a manifest. */
export const defaultPort = 11_434;
const lastPort = 65_535;

/** What the schema cannot say about servers. */
export function checkServers(manifest: RawManifest, declared: DeclaredNames): Finding[] {
  const servers = Object.entries(manifest.servers).map(([name, server]): [string, Partial<RawServer>] => [
    name,
    server ?? {},
  ]);
  return [
    ...(declared.servers.length === 0 ? [noServer] : []),
    ...checkPorts(servers, declared, manifest.gateway !== undefined),
    ...checkOfferedModels(servers, declared),
    ...servers.flatMap(([name, server]) => checkPlacement(name, server, declared.servers)),
    ...servers.flatMap(([name, server]) => checkReplicas(name, server, declared.servers)),
  ];
}

const noServer: Finding = {
  severity: 'error',
  code: 'no-server',
  path: ['servers'],
  message: 'declares no server',
  hint: 'leave the key out for one server named main',
  atKey: true,
};

/** Behind a gateway a server needs no port of this machine, and has none unless it names one. */
function checkPorts(
  servers: readonly (readonly [string, Partial<RawServer>])[],
  declared: DeclaredNames,
  hasGateway: boolean,
): Finding[] {
  const owners = new Map<number, string>();
  return servers.flatMap(([name, server]): Finding[] => {
    const finding = { severity: 'error', path: ['servers', name, 'port'] } as const;
    const parts = partsOf(server);
    const isOnly = !hasGateway && declared.servers.length === 1;
    const port = server.port ?? (isOnly ? defaultPort : undefined);
    if (port === undefined) {
      if (hasGateway) return [];
      const message = 'is missing; with several servers each names its own';
      return [{ ...finding, code: 'missing', message }];
    }
    const last = port + (parts ?? 1) - 1;
    if (last > lastPort) {
      const message = `its ${parts} parts need the ports ${port} to ${last}, and there is none after ${lastPort}`;
      return [{ ...finding, code: 'port-range', message, hint: 'choose a lower port, or name fewer devices' }];
    }
    const taken = claimPorts(name, port, parts, owners);
    return taken === undefined ? [] : [{ ...finding, code: 'port-taken', ...taken }];
  });
}

/** Says so when somebody has one of the ports of a server already. */
function claimPorts(
  name: string,
  port: number,
  parts: number | undefined,
  owners: Map<number, string>,
): Pick<Finding, 'message' | 'hint'> | undefined {
  for (let index = 0; index < (parts ?? 1); index += 1) {
    const [own, server] = [port + index, `server ${JSON.stringify(name)}`];
    const part = parts === undefined ? undefined : `part ${JSON.stringify(partName(name, index))}`;
    const owner = owners.get(own);
    if (owner !== undefined) {
      const message = `${own}${part === undefined ? '' : ` of its ${part}`} is also the port of ${owner}`;
      const between = part !== undefined || owner.startsWith('part');
      return { message, ...(between && { hint: 'a server that is placed takes one port for each of its GPUs' }) };
    }
    owners.set(own, part === undefined ? server : `${part} of ${server}`);
  }
  return undefined;
}

function checkOfferedModels(
  servers: readonly (readonly [string, Partial<RawServer>])[],
  declared: DeclaredNames,
): Finding[] {
  const known = new Map<string, string>();
  for (const name of declared.models) {
    const { ref } = parseModelRef(name);
    if (ref !== undefined && !known.has(modelRefKey(ref))) known.set(modelRefKey(ref), name);
  }
  const complete =
    servers.length === declared.servers.length && servers.every(([, { models }]) => models !== undefined);
  const unused = new Map(complete ? known : []);
  const findings = servers.flatMap(([server, { models = [] }]) =>
    models.flatMap((name, index): Finding[] => {
      const { ref, ...fault } = parseModelRef(name);
      if (ref !== undefined) unused.delete(modelRefKey(ref));
      if (ref !== undefined && known.has(modelRefKey(ref))) return [];
      const path: PathSegment[] = ['servers', server, 'models', index];
      if ('reason' in fault) return [modelNameFinding(path, name, fault.reason)];
      const hint = suggestion(name, declared.models) ?? 'declare it under models';
      return [
        { severity: 'error', code: 'unknown-model', path, message: `there is no model ${JSON.stringify(name)}`, hint },
      ];
    }),
  );
  return [...findings, ...[...unused.values()].map(unusedModel)];
}

function unusedModel(name: string): Finding {
  const message = 'no server offers this model, so it is not loaded';
  return { severity: 'warning', code: 'unused-model', path: ['models', name], message, atKey: true };
}

/** The finding of a text that is no name of a model. */
export function modelNameFinding(path: readonly PathSegment[], name: string, reason: string): Finding {
  return { severity: 'error', code: 'model-name', path, message: `the name ${JSON.stringify(name)} ${reason}` };
}

import type { Finding, PathSegment } from './diagnostics.js';
import { modelRefKey, parseModelRef } from './model-ref.js';
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

/** What the schema cannot say about servers. */
export function checkServers(manifest: RawManifest, declared: DeclaredNames): Finding[] {
  const servers = Object.entries(manifest.servers).map(([name, server]): [string, Partial<RawServer>] => [
    name,
    server ?? {},
  ]);
  return [
    ...(declared.servers.length === 0 ? [noServer] : []),
    ...checkPorts(servers, declared),
    ...checkOfferedModels(servers, declared),
    ...servers.flatMap(([name, server]) => checkRequestLog(name, server)),
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

function checkPorts(servers: readonly (readonly [string, Partial<RawServer>])[], declared: DeclaredNames): Finding[] {
  const owners = new Map<number, string>();
  return servers.flatMap(([name, { port }]): Finding[] => {
    const finding = { severity: 'error', path: ['servers', name, 'port'] } as const;
    if (port === undefined) {
      if (declared.servers.length === 1) return [];
      const message = 'is missing; with several servers each names its own';
      return [{ ...finding, code: 'missing', message }];
    }
    const owner = owners.get(port);
    if (owner !== undefined) {
      return [
        { ...finding, code: 'port-taken', message: `${port} is also the port of server ${JSON.stringify(owner)}` },
      ];
    }
    owners.set(port, name);
    return [];
  });
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

function checkRequestLog(name: string, { env = {} }: Partial<RawServer>): Finding[] {
  const value = env['OLLAMA_DEBUG_LOG_REQUESTS'];
  if (value === undefined || ['', '0', 'f', 'false'].includes(String(value).toLowerCase())) return [];
  return [
    {
      severity: 'warning',
      code: 'logs-prompts',
      path: ['servers', name, 'env', 'OLLAMA_DEBUG_LOG_REQUESTS'],
      message: 'writes every prompt to a file in the container',
      hint: 'remove it where people ask',
      atKey: true,
    },
  ];
}

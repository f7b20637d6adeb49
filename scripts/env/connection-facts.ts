import { gatewayUrl } from '../../manifest/gateway-url.js';
import { serverUrl } from '../../manifest/server-url.js';
import type { Lock, ModelFacts } from '../../manifest/lock.js';
import { contextLengthOf } from '../../manifest/context-length.js';
import type { Manifest, Server } from '../../manifest/manifest.js';
import { Lineages, type Lineage } from '../../manifest/model-lineage.js';

/** What an application has to know to use a deployment. The same manifest and lock always make the same value. */
export interface ConnectionFacts {
  readonly project: string;
  /** In the order of the manifest; behind a gateway it alone, which offers what all of them do. */
  readonly servers: readonly ServerFacts[];
  /** Present when a key is wanted. */
  readonly gateway?: GatewayFacts;
}

export interface GatewayFacts {
  /** Environment variable by which applications are told their key; its value is nobody's but theirs. */
  readonly keyVariable: string;
  /** Whether its certificate is of the project's own authority, which clients have to be told to trust. */
  readonly ownAuthority: boolean;
}

export interface ServerFacts {
  readonly name: string;
  /** Base URL of Ollama's own API, without a slash at its end. */
  readonly url: string;
  /** Base URL for OpenAI clients. */
  readonly openaiUrl: string;
  /** What it offers, in the order of the manifest. */
  readonly models: readonly ModelConnection[];
  /** The declared server that this one is a part of, where placement made it: its models may move to another part. */
  readonly partOf?: string;
}

export interface ModelConnection {
  /** Canonical name, as every API takes it. */
  readonly name: string;
  /** Tokens of prompt and answer together that the server holds for it. */
  readonly contextLength: number;
  /** Length of its embedding vectors; absent when nothing tells. */
  readonly embeddingLength?: number;
}

/** What is known of a model besides the manifest. */
export type KnownFacts = Pick<ModelFacts, 'contextLength' | 'embeddingLength'>;

/** @param known by canonical model name */
export function connectionFacts(manifest: Manifest, known: Readonly<Record<string, KnownFacts>>): ConnectionFacts {
  const { project, gateway } = manifest;
  const servers = serverFacts(manifest, known);
  if (!gateway) return { project, servers };
  const url = gatewayUrl(gateway);
  const door = { name: 'gateway', url, openaiUrl: `${url}/v1`, models: offeredTogether(manifest, servers) };
  const facts = { keyVariable: 'OLLAMA_API_KEY', ownAuthority: gateway.tls.kind === 'local' };
  return { project, servers: [door], gateway: facts };
}

function serverFacts(
  { servers, models }: Manifest,
  known: Readonly<Record<string, KnownFacts>>,
): readonly ServerFacts[] {
  const lineages = new Lineages(models);
  return servers.map((server) => {
    const url = serverUrl(server);
    const offers = new Set(server.models);
    const offered = models.filter(({ name }) => offers.has(name));
    return {
      name: server.name,
      url,
      openaiUrl: `${url}/v1`,
      models: offered.map((model) => modelConnection(lineages.of(model), server, model.name, known[model.name])),
      ...(server.partOf && { partOf: server.partOf.server }),
    };
  });
}

/** Each model once, with the context that every server of it holds: nobody knows which one is asked. */
function offeredTogether({ models }: Manifest, servers: readonly ServerFacts[]): ModelConnection[] {
  return models.flatMap(({ name }) => {
    const offers = servers.flatMap((server) => server.models.filter((model) => model.name === name));
    const [first] = offers.toSorted((a, b) => a.contextLength - b.contextLength);
    return first ? [first] : [];
  });
}

function modelConnection(lineage: Lineage, server: Server, name: string, known: KnownFacts = {}): ModelConnection {
  const { contextLength, embeddingLength } = known;
  return {
    name,
    contextLength: contextLengthOf(lineage, server, contextLength),
    ...(embeddingLength !== undefined && { embeddingLength }),
  };
}

/** The facts that a lock holds. */
export function lockedFacts(lock: Lock | undefined): Record<string, KnownFacts> {
  return Object.fromEntries(Object.entries(lock?.models ?? {}).map(([name, { facts }]) => [name, facts]));
}

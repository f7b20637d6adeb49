import type { Lock, ModelFacts } from '../../manifest/lock.js';
import type { Manifest, Model, Server } from '../../manifest/manifest.js';

/** What an application has to know to use a deployment. The same manifest and lock always make the same value. */
export interface ConnectionFacts {
  readonly project: string;
  /** In the order of the manifest. */
  readonly servers: readonly ServerFacts[];
}

export interface ServerFacts {
  readonly name: string;
  /** Base URL of Ollama's own API, without a slash at its end. */
  readonly url: string;
  /** Base URL for OpenAI clients. */
  readonly openaiUrl: string;
  /** What it offers, in the order of the manifest. */
  readonly models: readonly ModelConnection[];
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
export function connectionFacts(
  { project, servers, models }: Manifest,
  known: Readonly<Record<string, KnownFacts>>,
): ConnectionFacts {
  return {
    project,
    servers: servers.map((server) => {
      const url = `http://127.0.0.1:${server.port}`;
      const offered = models.filter(({ name }) => server.models.includes(name));
      return {
        name: server.name,
        url,
        openaiUrl: `${url}/v1`,
        models: offered.map((model) => modelConnection(model, server, known[model.name])),
      };
    }),
  };
}

function modelConnection(model: Model, server: Server, known: KnownFacts = {}): ModelConnection {
  const set = Number(model.parameters['num_ctx'] ?? server.contextLength);
  const { contextLength: trained = set, embeddingLength } = known;
  return {
    name: model.name,
    // Ollama gives no model more than it was trained for (llm/server.go).
    contextLength: Math.min(set, trained),
    ...(embeddingLength !== undefined && { embeddingLength }),
  };
}

/** The facts that a lock holds. */
export function lockedFacts(lock: Lock | undefined): Record<string, KnownFacts> {
  return Object.fromEntries(Object.entries(lock?.models ?? {}).map(([name, { facts }]) => [name, facts]));
}

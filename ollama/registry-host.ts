import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { request } from 'undici';
import type { Registry } from '../manifest/manifest.js';
import type { ModelRef } from '../manifest/model-ref.js';
import { readAtMost } from './registry-body.js';
import { connectTo, type RegistryConnection, type RegistryLimits } from './registry-connection.js';
import { accessHint, credentialsOf } from './registry-credentials.js';
import { BusyRegistry, invalid, refused } from './registry-error.js';
import { fetchToken, parseChallenge, type Challenge } from './registry-token.js';

export interface RegistryRequest {
  /** What is asked for, in words. */
  readonly what: string;
  /** Below `/v2/<namespace>/<model>/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A 2xx, or 416 (RFC 9110, 15.5.17). */
export interface RegistryAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Readable;
}

type Token = Promise<string | undefined>;

/** One registry: its connections, and what it gave in exchange for the credentials. */
export class RegistryHost {
  readonly #connection: RegistryConnection;
  /** By repository. */
  readonly #tokens = new Map<string, Token>();

  constructor(
    private readonly host: string,
    private readonly registry: Registry | undefined,
    private readonly env: NodeJS.ProcessEnv,
    limits: RegistryLimits,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.#connection = connectTo(host, registry, limits);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Sends one request, with a new token where one is wanted. Throws `RegistryError`, `BusyRegistry`, or what undici throws. */
  async ask(ref: ModelRef, asked: RegistryRequest): Promise<RegistryAnswer> {
    const repository = `${ref.namespace}/${ref.model}`;
    const used = this.#tokens.get(repository);
    const credentials = credentialsOf(this.registry, this.env);
    const token = await used;
    const first = await this.#send(ref, asked, token === undefined ? credentials?.header : `Bearer ${token}`);
    if (first.status !== 401 || credentials?.scheme === 'Bearer') return this.#accept(first, ref, asked);
    const challenge = parseChallenge(first.headers['www-authenticate']);
    if (challenge === undefined) return this.#accept(first, ref, asked);
    await drop(first);
    if (this.#tokens.get(repository) === used) this.#tokens.set(repository, this.#fetch(ref, challenge));
    const renewed = await this.#tokens.get(repository);
    const second = renewed === undefined ? first : await this.#send(ref, asked, `Bearer ${renewed}`);
    return this.#accept(second, ref, asked);
  }

  /** A failed attempt is not remembered. */
  #fetch(ref: ModelRef, challenge: Challenge): Token {
    const credentials = credentialsOf(this.registry, this.env);
    const token = fetchToken(challenge, { ref, connection: this.#connection, credentials, signal: this.signal });
    token.catch(() => this.#tokens.delete(`${ref.namespace}/${ref.model}`));
    return token;
  }

  async #send(ref: ModelRef, asked: RegistryRequest, authorization: string | undefined): Promise<RegistryAnswer> {
    const { origin, dispatcher } = this.#connection;
    const { statusCode, headers, body } = await request(`${origin}/v2/${ref.namespace}/${ref.model}/${asked.path}`, {
      dispatcher,
      headers: {
        'user-agent': 'ollama-stacks',
        ...asked.headers,
        ...(authorization !== undefined && { authorization }),
      },
      ...(this.signal && { signal: this.signal }),
    });
    return { status: statusCode, headers: single(headers), body };
  }

  async #accept(answer: RegistryAnswer, ref: ModelRef, { what }: RegistryRequest): Promise<RegistryAnswer> {
    const { status } = answer;
    if ((status >= 200 && status < 300) || status === 416) return answer;
    await drop(answer);
    if (status >= 500) throw new BusyRegistry(status);
    if (status < 400) throw invalid(ref, `HTTP ${status} without an end of its redirects`);
    throw refused(status, what, ref, accessHint(this.host, this.registry));
  }
}

/** Reads a short body to its end, so that the connection can be used again. */
async function drop({ body }: RegistryAnswer): Promise<void> {
  if (!body.destroyed) await readAtMost(body, 65_536);
}

function single(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

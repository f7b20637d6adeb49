import { request } from 'undici';
import { z } from 'zod';
import type { ModelRef } from '../manifest/model-ref.js';
import { readAtMost } from './registry-body.js';
import type { RegistryConnection } from './registry-connection.js';
import type { Credentials } from './registry-credentials.js';
import { BusyRegistry, invalid, RegistryError } from './registry-error.js';

/** Where a registry sends its clients for a token (`WWW-Authenticate: Bearer realm=…`). */
export interface Challenge {
  readonly realm: string;
  readonly service?: string;
  readonly scope?: string;
}

/** Reads a `WWW-Authenticate` header; undefined for other schemes than Bearer, and without a realm. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || !/^bearer /i.test(header)) return undefined;
  const pairs = [...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key?.toLowerCase(), value]);
  const { realm, service, scope } = Object.fromEntries(pairs) as Partial<Challenge>;
  return realm === undefined ? undefined : { realm, ...(service && { service }), ...(scope && { scope }) };
}

/** Tokens are a few KB. */
const mostBytes = 2 ** 20;

const answer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/**
 * Fetches a token (Docker's token authentication, distribution docs/spec/auth/token.md). `undefined` when the realm
 * refuses. Credentials go to another host, or away from an https registry, by https only.
 */
export async function fetchToken(
  challenge: Challenge,
  { ref, connection, credentials, signal }: TokenContext,
): Promise<string | undefined> {
  const url = URL.canParse(challenge.realm) ? new URL(challenge.realm) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw invalid(ref, `the realm ${JSON.stringify(challenge.realm)}, which is no URL,`);
  if (credentials !== undefined && url.protocol !== 'https:' && url.origin !== connection.origin)
    throw new RegistryError(
      'unauthorized',
      `${ref.host} wants its credentials sent to ${url.origin}, which is not encrypted`,
      'give the realm of the registry an https address',
    );
  for (const key of ['service', 'scope'] as const)
    if (challenge[key] !== undefined) url.searchParams.set(key, challenge[key]);
  const headers = credentials === undefined ? {} : { authorization: credentials.header };
  const { statusCode, body } = await request(url, { dispatcher: connection.dispatcher, headers, signal });
  if (statusCode >= 500) {
    await readAtMost(body, mostBytes);
    throw new BusyRegistry(statusCode);
  }
  const text = (await readAtMost(body, mostBytes))?.toString('utf8') ?? '';
  if (statusCode >= 400) return undefined;
  return tokenIn(text) ?? fail(ref, url);
}

export interface TokenContext {
  readonly ref: ModelRef;
  readonly connection: RegistryConnection;
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal | undefined;
}

function tokenIn(text: string): string | undefined {
  try {
    const { token, access_token: other } = answer.parse(JSON.parse(text));
    return token ?? other;
  } catch {
    return undefined;
  }
}

function fail(ref: ModelRef, url: URL): never {
  throw invalid(ref, `through its realm ${url.origin} something without a token`);
}

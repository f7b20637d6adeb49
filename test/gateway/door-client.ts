import http from 'node:http';
import type { GatewayPool } from '../../manifest/gateway-plan.js';
import type { TestDoor } from '../support/haproxy.js';
import type { OllamaDouble, SeenRequest } from '../support/ollama-double.js';

/** A pool of servers that are called as their containers. */
export const poolOf = (
  index: number,
  models: readonly string[],
  containers: readonly string[],
  slots = 4,
): GatewayPool => ({
  name: `pool-${index}`,
  models,
  servers: containers.map((container) => ({ name: container, container, slots, gpu: false })),
});

/** An answer as a client got it. */
export interface Got {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** Whether it came to its end. */
  readonly whole: boolean;
}

export interface Sent {
  /** Default: `/api/chat`. */
  readonly route?: string;
  /** Default: alice's. */
  readonly key?: string | undefined;
  readonly signal?: AbortSignal;
}

/** Rejects when there was no answer at all. */
export async function post(
  door: TestDoor,
  body: unknown,
  { route = '/api/chat', key, signal }: Sent = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-api-key': key ?? door.keys.alice };
    const request = http.request(`${door.url}${route}`, { method: 'POST', headers, signal }, (response) => {
      let text = '';
      const { statusCode: status = 0, headers: received } = response;
      const end = (whole: boolean) => () => resolve({ status, headers: received, text, whole });
      response.on('data', (data) => (text += String(data)));
      response.once('end', end(true)).once('error', end(false));
    });
    request.once('error', reject);
    request.end(JSON.stringify(body));
  });
}

/** Has a double keep its answers until they are told to end. */
export function hold(double: OllamaDouble | undefined): { readonly waiting: (() => void)[] } {
  const waiting: (() => void)[] = [];
  if (double) double.answer = (_, response) => void waiting.push(() => response.end('{"done":true}'));
  return { waiting };
}

/** What reached a double. */
export const seen = (double: OllamaDouble | undefined): readonly SeenRequest[] => double?.requests ?? [];

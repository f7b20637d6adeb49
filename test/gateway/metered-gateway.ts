import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayPlan } from '../../manifest/gateway-plan.js';
import { startDoor, type DoorOptions, type TestDoor } from '../support/haproxy.js';
import type { Answer } from '../support/ollama-double.js';

/** An answer of the double of Ollama. */
export interface Script {
  readonly status?: number;
  /** One by one: text to send, milliseconds to wait, or what else to wait for. */
  readonly pieces: readonly (string | number | (() => Promise<unknown>))[];
  /** What comes after them; default: the end of the answer. */
  readonly ending?: 'end' | 'cut' | 'hang';
}

export function scripted({ status = 200, pieces, ending = 'end' }: Script): Answer {
  return async (_, response) => {
    response.statusCode = status;
    for (const piece of pieces) {
      if (typeof piece === 'number') await sleep(piece);
      else if (typeof piece === 'string') response.write(piece);
      else await piece();
    }
    if (ending === 'end') response.end();
    if (ending === 'cut') response.destroy();
  };
}

/** What a client got. */
export interface Got {
  readonly status: number;
  readonly text: string;
  /** Whether the answer came to its end. */
  readonly whole: boolean;
  /** Milliseconds from the request to the first bytes of the answer's body. */
  readonly firstMs: number;
}

/** Samples of the page of metrics by what stands before the value, without the prefix of all: `requests_total{…}`. */
export type Samples = ReadonlyMap<string, number>;

export interface MeteredGateway extends AsyncDisposable {
  readonly door: TestDoor;
  /** Asks with the key of `alice`, or with another. Rejects when no answer begins. */
  post(route: string, body: unknown, options?: { readonly key?: string; readonly signal?: AbortSignal }): Promise<Got>;
  /** The page as it is. */
  page(): Promise<string>;
  samples(): Promise<Samples>;
}

/** One server `main` with the models. */
export const onePool = (models: readonly string[], slots = 100): GatewayPlan['pools'] => [
  { name: 'pool-0', models, servers: [{ name: 'main', container: 'test-main', slots, gpu: true }] },
];

export async function meteredGateway(options: DoorOptions): Promise<MeteredGateway> {
  const door = await startDoor(options);
  const page = async (): Promise<string> => (await fetch(`${door.metricsUrl}/metrics`)).text();
  return {
    door,
    post: async (route, body, { key = door.keys.alice ?? '', signal } = {}) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      return post(`${door.url}${route}`, body, { method: 'POST', headers, agent: false, ...(signal && { signal }) });
    },
    page,
    samples: async () => samplesOf(await page()),
    async [Symbol.asyncDispose]() {
      await door[Symbol.asyncDispose]();
    },
  };
}

async function post(url: string, body: unknown, options: http.RequestOptions): Promise<Got> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.request(url, options, (response) => {
      const parts: Buffer[] = [];
      let firstMs = 0;
      const end = (whole: boolean) => () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString(), whole, firstMs });
      response.on('data', (part: Buffer) => {
        firstMs ||= performance.now() - start;
        parts.push(part);
      });
      response.once('end', end(true)).once('error', end(false));
    });
    request.once('error', reject);
    request.end(JSON.stringify(body));
  });
}

function samplesOf(page: string): Samples {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice('ollama_gateway_'.length, space), Number(line.slice(space + 1))];
    }),
  );
}

import http from 'node:http';
import https from 'node:https';

/** Where requests go, over connections that are kept. */
export interface Target {
  /** `http://127.0.0.1:11434`. */
  readonly origin: string;
  /** Sent with each request: the key of a gateway. */
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: http.Agent;
}

/** What `stream-double.mjs` does with a request. */
export interface StreamScript {
  /** Milliseconds until the first chunk. */
  readonly first?: number;
  /** Milliseconds between chunks. */
  readonly every?: number;
  readonly chunks?: number;
}

/** One answer as the client saw it. */
export interface StreamSeen {
  readonly status: number;
  /** Milliseconds from the call to the first chunk. */
  readonly firstMs: number;
  /** Milliseconds that each chunk was under way: from the double's write to our read. */
  readonly lags: readonly number[];
  /** Whether the format's own last mark came (`"done":true`, `[DONE]`), and a clean end after it. */
  readonly whole: boolean;
}

/**
 * A target with connections of its own.
 * @param ca PEM of the authority that is trusted for https
 */
export function openTarget(origin: string, headers: Record<string, string> = {}, ca?: string): Target {
  const options = { keepAlive: true, maxSockets: Infinity, noDelay: true };
  const agent = origin.startsWith('https:') ? new https.Agent({ ...options, ca }) : new http.Agent(options);
  return { origin, headers: { 'content-type': 'application/json', ...headers }, agent };
}

const paths = { ndjson: '/api/generate', sse: '/v1/chat/completions' } as const;

/** The model that the double has. */
export const benchModel = 'bench:latest';

/** Milliseconds that one small request takes, from the call to the end of its answer. Rejects when it is not answered with 200. */
export async function timeRequest(target: Target, prompt = 'hi'): Promise<number> {
  const start = performance.now();
  const response = await send(target, paths.ndjson, { prompt, stream: false, model: benchModel });
  for await (const _ of response);
  if (response.statusCode !== 200) throw new Error(`answered with ${response.statusCode}`);
  return performance.now() - start;
}

/** Reads one stream to its end; rejects when it is cut. */
export async function readStream(
  target: Target,
  format: keyof typeof paths,
  script: StreamScript,
  signal?: AbortSignal,
): Promise<StreamSeen> {
  const start = performance.now();
  let firstMs = Number.NaN;
  const lags: number[] = [];
  const response = await send(target, paths[format], { model: benchModel, prompt: 'hi', stream: true, script }, signal);
  let rest = '';
  let last = '';
  for await (const data of response.setEncoding('utf8')) {
    const now = Number(process.hrtime.bigint());
    if (lags.length === 0) firstMs = performance.now() - start;
    const lines = (rest + String(data)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const at = /"at":(\d+)/.exec(line)?.[1];
      if (at !== undefined) lags.push((now - Number(at)) / 1e6);
      if (line !== '') last = line;
    }
  }
  const whole = format === 'sse' ? last === 'data: [DONE]' : last.includes('"done":true');
  return { status: response.statusCode ?? 0, firstMs, lags, whole };
}

function send(target: Target, path: string, body: object, signal?: AbortSignal): Promise<http.IncomingMessage> {
  const text = JSON.stringify(body);
  const { request } = target.origin.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const headers = { ...target.headers, 'content-length': Buffer.byteLength(text) };
    const call = request(`${target.origin}${path}`, { method: 'POST', agent: target.agent, headers, signal }, resolve);
    call.on('error', reject);
    call.end(text);
  });
}

/** The value that this share of the samples stays below (nearest rank). */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

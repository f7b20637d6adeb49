import http from 'node:http';
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http';
import { Readable } from 'node:stream';

/**
 * A `fetch` for the official client, on Node's own HTTP module. The built-in one gives up when the first byte or the
 * next one takes 300 s, which loading or verifying a large model does; this one waits until `signal` says otherwise.
 * An error answer that is no JSON is turned into Ollama's shape, `{"error": …}`. Rejects with the cause's own code
 * (`ECONNREFUSED`), or with an `AbortError`.
 */
export function httpFetch(signal?: AbortSignal): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const signals = [signal, init.signal].filter((one) => one !== undefined && one !== null);
    const body = typeof init.body === 'string' ? Buffer.from(init.body) : undefined;
    const options = {
      method: init.method ?? 'GET',
      // Node sends the body of a DELETE only when its length is told.
      headers: { ...Object.fromEntries(new Headers(init.headers)), ...(body && { 'content-length': body.length }) },
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    };
    return toResponse(await httpRequest(url, options, body && Readable.from([body])));
  };
}

/**
 * Sends one request and resolves at the head of its answer. `body` is sent as it comes, never held whole. A `docker://`
 * URL (`serverUrl`) is asked through the engine, whatever port it names.
 */
export async function httpRequest(url: URL, options: RequestOptions, body?: Readable): Promise<IncomingMessage> {
  const send = await sender(url, options);
  return new Promise((resolve, reject) => {
    const outgoing = send(resolve);
    outgoing.on('error', (error) => {
      body?.destroy();
      reject(error);
    });
    if (body === undefined) outgoing.end();
    else body.on('error', (error) => outgoing.destroy(error)).pipe(outgoing);
  });
}

type Sender = (onAnswer: (answer: IncomingMessage) => void) => ClientRequest;

async function sender(url: URL, options: RequestOptions): Promise<Sender> {
  if (url.protocol === 'docker:') {
    const { containerAgent } = await import('./container-agent.js');
    const path = `${url.pathname}${url.search}`;
    const place = { agent: containerAgent, hostname: url.hostname, path, giveUp: options.signal };
    const headers = { ...(options.headers as OutgoingHttpHeaders | undefined), host: 'localhost' };
    return (onAnswer) => http.request({ ...options, ...place, headers }, onAnswer);
  }
  const { request } = url.protocol === 'https:' ? await import('node:https') : http;
  return (onAnswer) => request(url, options, onAnswer);
}

async function toResponse(incoming: IncomingMessage): Promise<Response> {
  const status = incoming.statusCode ?? 500;
  const type = incoming.headers['content-type'] ?? '';
  if (status >= 400 && !type.includes('application/json')) {
    const text = (await Readable.from(incoming).toArray()).join('').trim();
    return Response.json({ error: text === '' ? `HTTP ${status}` : text }, { status });
  }
  const body = status === 204 || status === 304 ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
  return new Response(body, { status, headers: { 'content-type': type } });
}

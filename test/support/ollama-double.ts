import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import getPort from 'get-port';

/** A request as a server behind the gateway got it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Settles when its connection is gone or its answer is whole; true when it was cut. */
  readonly cut: Promise<boolean>;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

/** A double of Ollama, in this process: for answers at the times that a test wants. */
export interface OllamaDouble extends AsyncDisposable {
  readonly port: number;
  /** All but what the gateway itself asks for checks and lists. */
  readonly requests: SeenRequest[];
  /** What the gateway itself asked. */
  readonly looks: string[];
  /** Of requests other than the gateway's own. */
  answer: Answer;
  version: string;
  /** Entries of `/api/tags` and `/api/ps`. */
  tags: readonly unknown[];
  loaded: readonly unknown[];
  /** As a killed process: every connection is reset, nothing listens. */
  die(): Promise<void>;
  /** Listens again, on the same port. */
  revive(): Promise<void>;
}

/** An entry of `/api/tags`, with the fields that Ollama gives it. */
export const tagEntry = (name: string): Record<string, unknown> => ({
  name,
  model: name,
  modified_at: '2026-11-22T17:01:02.345678901Z',
  size: 91_739_413,
  digest: '9077fe9d2ae1a4a41a868836b56b8163731a8fe16621397028c2c76f838c6907',
  details: { parent_model: '', format: 'gguf', family: 'llama', families: null, quantization_level: 'Q4_K_M' },
});

export async function ollamaDouble(models: readonly string[] = []): Promise<OllamaDouble> {
  const port = await getPort({ host: '127.0.0.1' });
  let server = await listening(port, (request, response) => void serve(double, request, response));
  const double: OllamaDouble = {
    port,
    requests: [],
    looks: [],
    answer: (_, response) => void response.end('{"done":true}'),
    version: '0.34.0',
    tags: models.map(tagEntry),
    loaded: [],
    async die() {
      const ended = new Promise((resolve) => {
        server.close(resolve);
      });
      server.closeAllConnections();
      await ended;
    },
    async revive() {
      server = await listening(port, (request, response) => void serve(double, request, response));
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await double.die();
    },
  };
  return double;
}

async function listening(port: number, listener: (q: IncomingMessage, s: ServerResponse) => void): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 0 }, listener);
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

async function serve(double: OllamaDouble, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const cut = new Promise<boolean>((resolve) => {
    response.once('close', () => resolve(!response.writableFinished));
  });
  const parts: Buffer[] = [];
  const whole = await new Promise<boolean>((resolve) => {
    request.on('data', (part: Buffer) => parts.push(part));
    request.once('end', () => resolve(true)).once('error', () => resolve(false));
  });
  if (!whole) return;
  const { method = '', url = '', headers } = request;
  response.setHeader('content-type', 'application/json');
  const lists: Record<string, unknown> = {
    '/api/version': { version: double.version },
    '/api/tags': { models: double.tags },
    '/api/ps': { models: double.loaded },
  };
  if (method === 'GET' && url in lists) {
    double.looks.push(url);
    response.end(JSON.stringify(lists[url]));
    return;
  }
  const seen = { method, url, headers, body: Buffer.concat(parts).toString(), cut };
  double.requests.push(seen);
  await double.answer(seen, response);
}

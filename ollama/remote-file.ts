import { request } from 'undici';
import { causeText, codeOf } from './error-cause.js';
import { LoadError } from './load-error.js';
import { readAtMost, partOf } from './registry-body.js';
import { connectTo, type RegistryConnection } from './registry-connection.js';
import { BusyRegistry, isPassing } from './registry-error.js';

const limits = { connect: 10_000, answer: 30_000 };
const retries = 2;

/** A file on an https server of which only parts are read. Rejects with `LoadError`. */
export class RemoteFile implements AsyncDisposable {
  readonly #connection: RegistryConnection;
  #size: number | undefined;

  constructor(
    private readonly url: string,
    private readonly signal: AbortSignal,
  ) {
    this.#connection = connectTo(new URL(url).host, undefined, limits);
  }

  /** Bytes of the whole file, known after the first `range`; undefined when the server does not tell. */
  get size(): number | undefined {
    return this.#size;
  }

  /** Bytes `start` (inclusive) to `end` (exclusive); fewer when the file is shorter. */
  async range(start: number, end: number): Promise<Buffer> {
    const { default: retry } = await import('p-retry');
    try {
      return await retry(() => this.#attempt(start, end), {
        retries,
        minTimeout: 200,
        signal: this.signal,
        shouldRetry: ({ error }) => isPassing(error),
      });
    } catch (error) {
      this.signal.throwIfAborted();
      if (error instanceof LoadError) throw error;
      if (codeOf(error) === undefined && !(error instanceof BusyRegistry)) throw error;
      throw new LoadError(`cannot read ${this.url}: ${causeText(error)}`, 'check the URL and the network');
    }
  }

  async #attempt(start: number, end: number): Promise<Buffer> {
    const { dispatcher } = this.#connection;
    const headers = { range: `bytes=${start}-${end - 1}` };
    const answer = await request(this.url, { dispatcher, headers, signal: this.signal });
    const { statusCode: status, body } = answer;
    if (status === 200) {
      this.#size = sizeIn(/^(\d+)$/, answer.headers['content-length']);
      return Buffer.concat(await toArray(partOf(body, start, end)));
    }
    if (status === 206) {
      this.#size = sizeIn(/\/(\d+)$/, answer.headers['content-range']);
      return (await readAtMost(body, end - start)) ?? this.#fail('more than was asked');
    }
    await body.dump();
    if (status === 416) return Buffer.alloc(0);
    if (status >= 500) throw new BusyRegistry(status);
    return this.#fail(`HTTP ${status}`);
  }

  #fail(what: string): never {
    throw new LoadError(`${this.url} answers ${what}`, 'check the URL of the GGUF');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}

function sizeIn(pattern: RegExp, header: string | string[] | undefined): number | undefined {
  const size = typeof header === 'string' ? pattern.exec(header)?.[1] : undefined;
  return size === undefined ? undefined : Number(size);
}

async function toArray(parts: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of parts) chunks.push(chunk);
  return chunks;
}

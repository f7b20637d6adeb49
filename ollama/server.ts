import type { Readable } from 'node:stream';
import type {
  AbortableAsyncIterator,
  ChatRequest,
  ChatResponse,
  CreateRequest,
  EmbedRequest,
  EmbedResponse,
  GenerateRequest,
  GenerateResponse,
  ModelResponse,
  ShowResponse,
} from 'ollama/browser';
// The browser build, because Node's looks for files that are named like the base of a derived model.
import { Ollama } from 'ollama/browser';
import { httpFetch, httpRequest } from './http-fetch.js';

/** `/api/create` as servers take it; the client's type lacks `files` (file name to `sha256:` digest) and what a config names. */
export type CreateModel = CreateRequest & {
  readonly files?: Readonly<Record<string, string>>;
  readonly renderer?: string;
  readonly parser?: string;
  readonly requires?: string;
};

/** One line of a pull or a create. `completed` and `total` are bytes of the layer `digest`. */
export interface ServerProgress {
  readonly status: string;
  readonly digest?: string;
  readonly completed?: number;
  readonly total?: number;
}

/**
 * One Ollama server, on the official client. Aborting `signal` ends every request. No request has a time-out: loads and
 * pulls take as long as they take. Everything rejects with `ResponseError` (`status_code`, Ollama's words as message)
 * when the server refuses, and with Node's own error (`code`) when it does not answer.
 */
export class OllamaServer {
  readonly #client: Ollama;

  constructor(
    /** Base URL, such as `http://127.0.0.1:11434`. */
    readonly url: string,
    readonly signal?: AbortSignal,
  ) {
    this.#client = new Ollama({ host: url, fetch: httpFetch(signal) });
  }

  /** `0.34.0` */
  async version(): Promise<string> {
    return (await this.#client.version()).version;
  }

  /** Models in the store. `digest` is the sha256 of the manifest file, without prefix; `size` the bytes of all layers. */
  async tags(): Promise<ModelResponse[]> {
    return (await this.#client.list()).models;
  }

  /** Models in memory. `size_vram` is 0 on the CPU. */
  async ps(): Promise<ModelResponse[]> {
    return (await this.#client.ps()).models;
  }

  /** Metadata; `capabilities` holds `completion`, `embedding`, `tools` … */
  show(model: string): Promise<ShowResponse> {
    return this.#client.show({ model });
  }

  /**
   * Ends normally only after Ollama's `success`; an error inside the stream (with HTTP 200) rejects like any other.
   * `insecure` makes Ollama speak plain http to the registry.
   */
  async *pull(
    model: string,
    { insecure = false }: { readonly insecure?: boolean } = {},
  ): AsyncGenerator<ServerProgress> {
    yield* await this.#client.pull({ model, stream: true, ...(insecure && { insecure }) });
  }

  /** Makes a model from `from` (which Ollama pulls when it is absent) or from uploaded `files`. Ends as `pull` does. */
  async *create(request: CreateModel): AsyncGenerator<ServerProgress> {
    yield* await this.#client.create({ ...request, stream: true });
  }

  async copy(source: string, destination: string): Promise<void> {
    await this.#client.copy({ source, destination });
  }

  async delete(model: string): Promise<void> {
    await this.#client.delete({ model });
  }

  /** Streams; the last part carries `done` and the timings in nanoseconds. Without a prompt it only loads the model. */
  generate(request: GenerateRequest): Promise<AbortableAsyncIterator<GenerateResponse>> {
    return this.#client.generate({ ...request, stream: true });
  }

  /** Streams as `generate` does. */
  chat(request: ChatRequest): Promise<AbortableAsyncIterator<ChatResponse>> {
    return this.#client.chat({ ...request, stream: true });
  }

  /** An empty `input` only loads the model. */
  embed(request: EmbedRequest): Promise<EmbedResponse> {
    return this.#client.embed(request);
  }

  /** `digest` with its `sha256:` prefix. */
  async hasBlob(digest: string): Promise<boolean> {
    const response = await httpRequest(this.#blob(digest), { method: 'HEAD', signal: this.signal });
    response.resume();
    return response.statusCode === 200;
  }

  /** Uploads `content`, which must hash to `digest`; `bytes` is its exact length. */
  async uploadBlob(digest: string, content: Readable, bytes: number): Promise<void> {
    const options = { method: 'POST', headers: { 'content-length': bytes }, signal: this.signal };
    const response = await httpRequest(this.#blob(digest), options, content);
    const answer = (await response.setEncoding('utf8').toArray()).join('');
    const status = response.statusCode ?? 0;
    if (status >= 300) throw new Error(`the server refused the upload (HTTP ${status}): ${answer}`);
  }

  #blob(digest: string): URL {
    return new URL(`${this.url.replace(/\/$/, '')}/api/blobs/${digest}`);
  }
}

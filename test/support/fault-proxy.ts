import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import getPort from 'get-port';
import { answersAt, startProcess, type TestProcess } from './test-process.js';
import { toxiproxy } from './toxiproxy.js';

/** What goes wrong on the way from the server to the client. */
export type Fault =
  /** Each connection is closed after so many bytes, headers among them. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** No byte gets through, and connections stay open. */
  | { readonly kind: 'stall' }
  /** Each connection gets so many bytes a second. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number };

/** Starts Shopify's toxiproxy: TCP with faults, on 127.0.0.1. */
export async function startFaultProxy(): Promise<FaultProxy> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-faults-'));
  try {
    const port = await getPort({ host: '127.0.0.1' });
    const api = `http://127.0.0.1:${port}`;
    const argv = [await toxiproxy(), '-host', '127.0.0.1', '-port', `${port}`];
    const program = await startProcess(argv, path.join(folder, 'log'), () => answersAt(`${api}/version`));
    return new FaultProxy(api, folder, program);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

export class FaultProxy implements AsyncDisposable {
  #way: unknown;

  constructor(
    private readonly api: string,
    private readonly folder: string,
    private readonly program: TestProcess,
  ) {}

  /** Opens a port that leads to `port` of this machine; fits `ModelRegistryOptions.between`. */
  readonly open = async (port: number): Promise<number> => {
    const listen = await getPort({ host: '127.0.0.1' });
    this.#way = { name: 'way', listen: `127.0.0.1:${listen}`, upstream: `127.0.0.1:${port}`, enabled: true };
    await this.#ask('POST', '/proxies', this.#way);
    return listen;
  };

  /** From now on, for connections that are open and that come, on top of other faults. */
  async set(fault: Fault): Promise<void> {
    await this.#ask('POST', '/proxies/way/toxics', { name: fault.kind, stream: 'downstream', ...toxic(fault) });
  }

  /** Back to a clean way, with new connections. A fault that is only removed may keep toxiproxy busy for 5 seconds. */
  async clear(): Promise<void> {
    await this.#ask('DELETE', '/proxies/way');
    await this.#ask('POST', '/proxies', this.#way);
  }

  /** Refuses connections, and ends those that are open, until `clear`. */
  async close(): Promise<void> {
    await this.#ask('POST', '/proxies/way', { enabled: false });
  }

  async remove(): Promise<void> {
    await this.program.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  async #ask(method: string, route: string, body?: unknown): Promise<void> {
    const response = await fetch(`${this.api}${route}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`toxiproxy ${route}: ${await response.text()}`);
  }
}

/** Its own words (toxiproxy's README, "Toxics"); its rate is in KB a second. */
function toxic(fault: Fault): { type: string; attributes: Record<string, number> } {
  if (fault.kind === 'cut') return { type: 'limit_data', attributes: { bytes: fault.bytes } };
  if (fault.kind === 'stall') return { type: 'timeout', attributes: { timeout: 0 } };
  return { type: 'bandwidth', attributes: { rate: Math.ceil(fault.bytesPerSecond / 1000) } };
}

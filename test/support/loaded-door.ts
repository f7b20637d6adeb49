import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import getPort from 'get-port';
import type { Contenders } from './gateway-load.js';
import { startDoor, type TestDoor } from './haproxy.js';
import { benchModel, openTarget } from './stream-client.js';
import { createCertificate } from './test-certificate.js';
import { answersAt, startProcess } from './test-process.js';

/** The real gateway on loopback before one double of Ollama in a process of its own. */
export interface LoadedDoor extends Contenders, AsyncDisposable {
  readonly door: TestDoor;
  /** Ids of the processes of HAProxy: master, worker, and the one for large requests. */
  processes(): Promise<number[]>;
}

/** With `tls` the door has a certificate, which the client verifies. */
export async function loadDoor({ tls = false } = {}): Promise<LoadedDoor> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-load-'));
  const port = await getPort({ host: '127.0.0.1' });
  const program = path.join(import.meta.dirname, 'stream-double.mjs');
  const origin = `http://127.0.0.1:${port}`;
  const double = await startProcess([process.execPath, program, String(port)], path.join(folder, 'log'), () =>
    answersAt(origin),
  );
  const end = async (): Promise<void> => {
    await double.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const servers = [{ name: 'main', container: 'main', slots: 400, gpu: false }];
    const pools = [{ name: 'pool-0', models: [benchModel], servers }];
    const { pem, ca } = tls ? await certificateOf(folder) : {};
    const door = await startDoor({ pools, ports: { main: port }, ...(pem && { tls: pem }) });
    const direct = openTarget(origin);
    const gateway = openTarget(door.url, { authorization: `Bearer ${door.keys.alice}` }, ca);
    return {
      door,
      direct,
      gateway,
      processes: async () => family(Number(/^Pid: (\d+)$/m.exec(await door.admin('show info'))?.[1])),
      async [Symbol.asyncDispose]() {
        for (const { agent } of [direct, gateway]) agent.destroy();
        await door[Symbol.asyncDispose]();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function certificateOf(folder: string): Promise<{ readonly pem?: string; readonly ca?: string }> {
  const { ca, certificate, key } = await createCertificate(folder, '127.0.0.1');
  const [authority, leaf, secret] = await Promise.all([ca, certificate, key].map((file) => readFile(file, 'utf8')));
  return { pem: `${leaf}${secret}`, ca: authority };
}

/** A worker's master, and all of that one's children (`/proc/<id>/task/<id>/children`, proc(5)). */
async function family(worker: number): Promise<number[]> {
  const status = await readFile(`/proc/${worker}/status`, 'utf8');
  const master = Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
  const children = await readFile(`/proc/${master}/task/${master}/children`, 'utf8');
  return [master, ...children.trim().split(' ').map(Number)];
}

/** Bytes of memory that a process holds (`VmRSS`, proc(5)). */
export async function residentBytes(id: number): Promise<number> {
  const status = await readFile(`/proc/${id}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server program of a test. It ends with `stop`, or with the process of the test, however that ends. */
export interface TestProcess {
  /** Ends it and waits until it has. */
  stop(): Promise<void>;
}

/** Starts `argv`, which writes to the file `log`, and waits until `answers` says so. Rejects with the log when it ends before. */
export async function startProcess(
  argv: readonly string[],
  log: string,
  answers: () => Promise<boolean>,
): Promise<TestProcess> {
  const sink = openSync(log, 'a');
  // A killed test runner must not leave servers behind, and nobody but the kernel can tell then.
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...argv], { stdio: ['ignore', sink, sink] });
  closeSync(sink);
  const ended = once(child, 'exit');
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  const stop = async (): Promise<void> => {
    if (!running()) return;
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(late);
  };
  const deadline = performance.now() + 10_000;
  while (!(await answers())) {
    if (running() && performance.now() < deadline) {
      await sleep(10);
      continue;
    }
    await stop();
    throw new Error(`${argv.join(' ')} does not answer: ${await readFile(log, 'utf8')}`);
  }
  return { stop };
}

/** Whether something answers at `url`, with any status. */
export async function answersAt(url: string): Promise<boolean> {
  return fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(1000) }).then(
    () => true,
    () => false,
  );
}

/** Whether something listens, for what `fetch` would not trust. */
export async function listens(address: string, port: number): Promise<boolean> {
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const socket = connect(port, address);
    const is = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', is(true)).once('error', is(false));
  });
}

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { containerAgent } from '../../ollama/container-agent.js';
import { httpRequest } from '../../ollama/http-fetch.js';
import { waitUntilReady } from '../../ollama/readiness.js';
import { OllamaServer } from '../../ollama/server.js';
import { startOllama, type TestServer } from '../support/ollama-server.js';
import { docker, repository, run } from '../support/project.js';

const image = 'ollama-stacks/ollama:0.34.0-cpu';
const started: { remove(): Promise<unknown> }[] = [];

afterEach(async () => {
  containerAgent.destroy();
  await Promise.all(started.splice(0).map((one) => one.remove()));
});

/** A server that publishes no port is reached like this one; its own port is for what a test compares with. */
async function start(...options: Parameters<typeof startOllama>): Promise<TestServer & { readonly tunnel: string }> {
  const server = await startOllama(...options);
  started.push(server);
  return { ...server, tunnel: `docker://${server.container}` };
}

/** A container of the server's image that runs something else. */
async function startOther(...words: readonly string[]): Promise<string> {
  const container = `ollama-stacks-test-${randomBytes(4).toString('hex')}`;
  started.push({ remove: () => run('docker', ['rm', '--force', '--volumes', container]) });
  await docker('run', '--detach', '--name', container, ...words);
  return container;
}

/** Programs that run in a container, the first one included. */
async function programs(container: string): Promise<string[]> {
  const [, ...lines] = (await docker('top', container, '-o', 'pid,args')).split('\n');
  return lines.map((line) => line.trim().replace(/^\d+\s+/, ''));
}

const onlyServe = [expect.stringMatching(/ollama serve$/)];

describe('a container that is asked through the engine', () => {
  it('answers many requests over one connection, which leaves nothing behind', async () => {
    const server = await start();
    const ollama = new OllamaServer(server.tunnel);
    for (let count = 0; count < 20; count += 1) expect(await ollama.version()).toBe(await version(server));
    expect((await programs(server.container)).filter((args) => args.startsWith('bash'))).toHaveLength(1);
    containerAgent.destroy();
    await vi.waitFor(async () => expect(await programs(server.container)).toEqual(onlyServe), { timeout: 5000 });
  });

  it('gets every byte of an upload and of an error, and is asked for more at once than connections are kept', async () => {
    const server = await start();
    const ollama = new OllamaServer(server.tunnel);
    const content = randomBytes(8 << 20);
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    await ollama.uploadBlob(digest, Readable.from(content.subarray(0)), content.length);
    expect(await Promise.all(Array.from({ length: 8 }, async () => ollama.hasBlob(digest)))).not.toContain(false);
    await expect(ollama.show('none')).rejects.toMatchObject({ status_code: 404, message: /'none' not found/ });
    const wrong = ollama.uploadBlob(`sha256:${'0'.repeat(64)}`, Readable.from(content), content.length);
    await expect(wrong).rejects.toThrow(/HTTP 400.*digest mismatch/);
  });

  it('gives back the bytes as they were, also many', async () => {
    const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 31 + (index >> 8)) % 256));
    const container = await startHaproxy(bytes);
    for (let count = 0; count < 50; count += 1) {
      const response = await httpRequest(new URL(`docker://${container}/x?y=z`), {});
      expect(Buffer.concat((await response.toArray()) as Buffer[]).equals(bytes)).toBe(true);
    }
  });

  it('slows a sender down that is faster than it reads', async () => {
    const server = await start();
    // Its kernel still takes connections, and bytes until its buffers are full.
    await docker('kill', '--signal', 'STOP', server.container);
    let read = 0;
    const source = new Readable({
      read() {
        read += 1;
        this.push(Buffer.alloc(1 << 20));
      },
    });
    const stop = new AbortController();
    const options = { method: 'POST', headers: { 'content-length': 1 << 30 }, signal: stop.signal };
    const sending = httpRequest(new URL(`${server.tunnel}/api/blobs/sha256:0`), options, source);
    const outcome = sending.catch((error: unknown) => error);
    await vi.waitFor(() => expect(read).toBeGreaterThan(1));
    const settled = async (): Promise<boolean> => {
      const before = read;
      await sleep(300);
      return read === before;
    };
    await vi.waitFor(async () => expect(await settled()).toBe(true), { timeout: 10_000 });
    expect(read).toBeLessThan(32);
    stop.abort();
    expect(await outcome).toMatchObject({ name: 'AbortError' });
    expect(source.destroyed).toBe(true);
  });

  it('loses the program inside when a request is given up, and when this process is killed', async () => {
    const server = await start();
    const giveUp = new AbortController();
    const options = { method: 'POST', headers: { 'content-length': 100 }, signal: giveUp.signal };
    const asking = httpRequest(new URL(`${server.tunnel}/api/show`), options, new PassThrough());
    const outcome = asking.catch((error: unknown) => error);
    await vi.waitFor(async () => expect((await programs(server.container)).length).toBeGreaterThan(3));
    giveUp.abort();
    expect(await outcome).toMatchObject({ name: 'AbortError' });
    await vi.waitFor(async () => expect(await programs(server.container)).toEqual(onlyServe), { timeout: 5000 });
    await askAndBeKilled(server.tunnel, async () => (await programs(server.container)).length > 3);
    await vi.waitFor(async () => expect(await programs(server.container)).toEqual(onlyServe), { timeout: 5000 });
  });

  it('lets a process end that asks nothing more, and is asked anew after it was restarted', async () => {
    const server = await start();
    await using program = await askingProgram();
    const asked = await run(process.execPath, [program.file, `${server.tunnel}/api/version`]);
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining('"version"') });
    const ollama = new OllamaServer(server.tunnel);
    await ollama.version();
    await docker('restart', '--time', '1', server.container);
    expect(await waitUntilReady({ ...server, url: server.tunnel }, new AbortController().signal)).toBe(
      await ollama.version(),
    );
  });
});

describe('a container that cannot be asked', () => {
  it.each([
    ['is gone', async () => 'ollama-stacks-test-absent', /No such container: ollama-stacks-test-absent/],
    ['does not run', async () => startOther('--entrypoint', 'true', image), /is not running/],
    ['has nothing that listens', async () => startOther('--entrypoint', 'sleep', image, '60'), /nothing listens/],
  ])('refuses the connection when it %s', async (_, container, message) => {
    const asked = new OllamaServer(`docker://${await container()}`).version();
    await expect(asked).rejects.toMatchObject({ code: 'ECONNREFUSED', message: expect.stringMatching(message) });
  });

  it('is said to have no bash when it has none', async () => {
    const container = await startOther('--env', 'PATH=/nowhere', '--entrypoint', '/usr/bin/sleep', image, '60');
    await expect(new OllamaServer(`docker://${container}`).version()).rejects.toThrow(
      `container ${container} cannot be reached through the engine: its image has no bash`,
    );
  });

  it('is waited for no longer than the request is', async () => {
    const container = await startOther('--entrypoint', 'sleep', image, '60');
    const begin = performance.now();
    const asked = new OllamaServer(`docker://${container}`, AbortSignal.timeout(200)).version();
    await expect(asked).rejects.toMatchObject({ code: 'ABORT_ERR' });
    expect(performance.now() - begin).toBeLessThan(900);
    await vi.waitFor(async () => expect(await programs(container)).toEqual(['sleep 60']), { timeout: 5000 });
  });
});

describe('readiness', () => {
  it('is told through the engine, with few connections for many questions', async () => {
    const server = await start({ wait: false });
    const begin = performance.now();
    const ready = waitUntilReady({ ...server, url: server.tunnel }, new AbortController().signal);
    expect(await ready).toMatch(/^0\.\d+\.\d+/);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('of a server that dies is told in 2 s, with its log', async () => {
    const server = await start({ options: ['--restart=no'], command: ['--no-such-flag'], wait: false });
    const begin = performance.now();
    const waiting = waitUntilReady({ ...server, url: server.tunnel }, new AbortController().signal);
    await expect(waiting).rejects.toMatchObject({
      message: expect.stringMatching(/exited \(exit code 1\)/),
      hint: expect.stringContaining('unknown flag: --no-such-flag'),
    });
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});

async function version({ url }: TestServer): Promise<string> {
  return ((await (await fetch(`${url}/api/version`)).json()) as { version: string }).version;
}

/** HAProxy on Ollama's port, which answers everything with these bytes. */
async function startHaproxy(answer: Buffer): Promise<string> {
  const rule = 'http-request return status 200 content-type a/b file /srv/answer';
  const config = `defaults\n mode http\n timeout client 60s\n timeout connect 1s\n timeout server 60s\nfrontend f\n bind :11434\n ${rule}\n`;
  const files = [
    ['answer', answer.toString('base64')],
    ['cfg', Buffer.from(config).toString('base64')],
  ];
  const write = files.map(([name, text]) => `echo ${text} | base64 -d > /srv/${name};`).join(' ');
  const command = `${write} exec haproxy -db -f /srv/cfg`;
  return startOther('--entrypoint', 'bash', 'ollama-stacks/haproxy:2.6.12-debian', '-c', command);
}

/** A program that asks one URL: with `hang` it sends a body that never ends. */
async function askingProgram(): Promise<{ readonly file: string } & AsyncDisposable> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-ask-'));
  const source = path.join(directory, 'ask.ts');
  await writeFile(
    source,
    `import { PassThrough } from 'node:stream';
    import { httpRequest } from ${JSON.stringify(path.join(repository, 'ollama', 'http-fetch.ts'))};
    const [url = '', hang] = process.argv.slice(2);
    const options = hang ? { method: 'POST', headers: { 'content-length': 100 } } : {};
    const answer = await httpRequest(new URL(url), options, hang ? new PassThrough() : undefined);
    process.stdout.write((await answer.toArray()).join(''));`,
  );
  const file = path.join(directory, 'ask.mjs');
  await build({
    entryPoints: [source],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  return { file, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

async function askAndBeKilled(tunnel: string, connected: () => Promise<boolean>): Promise<void> {
  await using program = await askingProgram();
  const child = spawn(process.execPath, [program.file, `${tunnel}/api/show`, 'hang'], { stdio: 'ignore' });
  try {
    await vi.waitFor(async () => expect(await connected()).toBe(true), { timeout: 5000 });
  } finally {
    child.kill('SIGKILL');
  }
}

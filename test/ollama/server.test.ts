import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OllamaServer } from '../../ollama/server.js';
import type { ServerProgress } from '../../ollama/server.js';
import { syntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import { httpDouble } from '../support/http-double.js';
import { startOllama } from '../support/ollama-server.js';
import type { TestServer } from '../support/ollama-server.js';

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

describe('a real server', () => {
  const content = syntheticGguf({ seed: 7 });
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  let container: TestServer;
  let server: OllamaServer;

  beforeAll(async () => {
    container = await startOllama();
    server = new OllamaServer(container.url);
  });

  afterAll(() => container.remove());

  it('takes a file, makes a model of it, copies, shows and deletes it', async () => {
    expect(await server.version()).toMatch(/^\d+\.\d+\.\d+/);
    expect(await server.hasBlob(digest)).toBe(false);
    await server.uploadBlob(digest, Readable.from([content]), content.length);
    expect(await server.hasBlob(digest)).toBe(true);
    const lines = await collect(server.create({ model: 'one', files: { 'model.gguf': digest }, system: 'Be brief.' }));
    expect(lines.at(-1)?.status).toBe('success');
    await server.copy('one', 'two');
    expect((await server.tags()).map(({ name }) => name).toSorted()).toEqual(['one:latest', 'two:latest']);
    expect(await server.show('two')).toMatchObject({ system: 'Be brief.', capabilities: ['completion'] });
    await server.delete('two');
    expect((await server.tags()).map(({ name }) => name)).toEqual(['one:latest']);
  });

  it('generates and chats in streams', async () => {
    const options = { num_predict: 3, temperature: 0, seed: 1 };
    const generated = await collect(await server.generate({ model: 'one', prompt: 'hi', options }));
    expect(generated.at(-1)).toMatchObject({ done: true, eval_count: 3 });
    const chatted = await collect(
      await server.chat({ model: 'one', messages: [{ role: 'user', content: 'hi' }], options }),
    );
    expect(chatted.at(-1)).toMatchObject({ done: true, eval_count: 3 });
    expect((await server.ps()).map(({ name }) => name)).toEqual(['one:latest']);
  });

  it('refuses an upload that is not what its digest says', async () => {
    const wrong = `sha256:${'0'.repeat(64)}`;
    await expect(server.uploadBlob(wrong, Readable.from([content]), content.length)).rejects.toThrow(
      /refused the upload \(HTTP 400\)/,
    );
  });

  it('tells an error inside a stream of HTTP 200 as an error', async () => {
    await expect(collect(server.pull('registry.invalid/user/model:1b'))).rejects.toThrow('no such host');
  });

  it('tells an error by status in its own words', async () => {
    await expect(server.show('absent')).rejects.toMatchObject({
      status_code: 404,
      message: "model 'absent:latest' not found",
    });
  });
});

it('takes a stream without a final success for a failure', async () => {
  await using double = await httpDouble((_request, response) => response.end('{"status":"pulling manifest"}\n'));
  const seen: ServerProgress[] = [];
  const pulling = async (): Promise<void> => {
    for await (const line of new OllamaServer(double.url).pull('x')) seen.push(line);
  };
  await expect(pulling()).rejects.toThrow('Did not receive done or success');
  expect(seen).toEqual([{ status: 'pulling manifest' }]);
});

it('keeps a path in its URL', async () => {
  const asked: (string | undefined)[] = [];
  await using double = await httpDouble((request, response) => {
    asked.push(request.url);
    response.setHeader('content-type', 'application/json').end('{"version":"0.34.0"}');
  });
  const server = new OllamaServer(`${double.url}/behind/proxy/`);
  await server.version();
  await server.hasBlob('sha256:a');
  expect(asked).toEqual(['/behind/proxy/api/version', '/behind/proxy/api/blobs/sha256:a']);
});

import { expect, it } from 'vitest';
import { httpFetch } from '../../ollama/http-fetch.js';
import { httpDouble } from '../support/http-double.js';

it.each(['POST', 'DELETE'])('sends a %s with headers and body, and streams the answer', async (method) => {
  await using server = await httpDouble((request, response) => {
    response.write(`${request.method} ${request.headers.accept} `);
    request.pipe(response);
  });
  const response = await httpFetch()(server.url, { method, headers: { accept: 'b' }, body: 'körper' });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe(`${method} b körper`);
});

it.each([
  ['text', 'text/plain', '404 page not found', { error: '404 page not found' }],
  ['nothing', 'text/plain', '', { error: 'HTTP 404' }],
  ['JSON', 'application/json; charset=utf-8', '{"error":"model not found"}', { error: 'model not found' }],
])('gives an error told as %s the shape of Ollama', async (_, type, text, body) => {
  await using server = await httpDouble((_request, response) =>
    response.writeHead(404, { 'content-type': type }).end(text),
  );
  const response = await httpFetch()(server.url);
  expect(response.status).toBe(404);
  expect(response.headers.get('content-type')).toContain('application/json');
  expect(await response.json()).toEqual(body);
});

it.each(['own', 'request'] as const)('is ended by the %s signal, also while it streams', async (which) => {
  await using server = await httpDouble((_request, response) => response.write('first'));
  const controllers = { own: new AbortController(), request: new AbortController() };
  const response = await httpFetch(controllers.own.signal)(server.url, { signal: controllers.request.signal });
  const reading = response.text();
  controllers[which].abort();
  await expect(reading).rejects.toThrow(/abort/i);
});

it("rejects with Node's code when nobody answers, and when the connection is cut", async () => {
  const cut = await httpDouble((_request, response) => response.write('first', () => response.destroy()));
  const response = await httpFetch()(cut.url);
  await expect(response.text()).rejects.toMatchObject({ code: 'ECONNRESET' });
  await cut[Symbol.asyncDispose]();
  await expect(httpFetch()(cut.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

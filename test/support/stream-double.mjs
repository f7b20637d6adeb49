// A double of Ollama, for figures: a process of its own, so that neither its work nor its clock is the client's. It does
// as the body's `script` says, and every chunk carries the time it was written at (`at`, nanoseconds of CLOCK_MONOTONIC,
// which all processes of a machine share). Argument: the port on 127.0.0.1.
import { createServer } from 'node:http';

const model = 'bench:latest';
const known = {
  '/api/version': { version: '0.34.0' },
  '/api/tags': { models: [{ name: model, model, size: 1, digest: '0'.repeat(64), details: {} }] },
  '/api/ps': { models: [] },
};
const now = () => Number(process.hrtime.bigint());

const formats = {
  ndjson: {
    type: 'application/x-ndjson',
    chunk: () => `${JSON.stringify({ model, response: 'word ', done: false, at: now() })}\n`,
    end: (count) =>
      `${JSON.stringify({ model, response: '', done: true, prompt_eval_count: 3, eval_count: count, eval_duration: 1e9 })}\n`,
  },
  sse: {
    type: 'text/event-stream',
    chunk: () =>
      `data: ${JSON.stringify({ model, choices: [{ index: 0, delta: { content: 'word ' } }], at: now() })}\n\n`,
    end: (count) =>
      `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 3, completion_tokens: count } })}\n\ndata: [DONE]\n\n`,
  },
};

/** `first`: milliseconds until the first chunk; `every`: between chunks; `chunks`: how many. */
function stream(response, format, { first = 0, every = 25, chunks = 40 }) {
  response.writeHead(200, { 'content-type': format.type });
  // as Ollama does: its headers come with its first token
  let sent = 0;
  let timer;
  const tick = () => {
    if (sent === chunks) {
      response.end(format.end(chunks));
      return;
    }
    sent += 1;
    response.write(format.chunk());
    timer = setTimeout(tick, sent === chunks ? 0 : every);
  };
  timer = setTimeout(tick, first);
  response.on('close', () => clearTimeout(timer));
}

function answer(response, value, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

const done = { model, response: 'word', done: true, prompt_eval_count: 3, eval_count: 1, eval_duration: 1e6 };

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const asked = known[request.url];
    if (request.method === 'GET') {
      answer(response, asked ?? {}, asked ? 200 : 404);
      return;
    }
    const { script } = JSON.parse(Buffer.concat(parts).toString());
    if (script) stream(response, request.url.startsWith('/v1/') ? formats.sse : formats.ndjson, script);
    else answer(response, done);
  });
});
// connections that are kept must not end between two requests
server.keepAliveTimeout = 0;
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);

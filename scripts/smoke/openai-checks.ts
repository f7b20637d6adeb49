import { modelNameKey } from '../../manifest/model-ref.js';
import { httpFetch } from '../../ollama/http-fetch.js';
import { type Check, CheckFailed, excerpt } from './check.js';

const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

interface Completion {
  readonly choices?: readonly { readonly message?: Text; readonly delta?: Text }[];
}

interface Text {
  readonly content?: string | null;
  readonly reasoning?: string | null;
}

/** The list of models that OpenAI clients read. */
export function openaiModelsCheck(url: string, models: readonly string[]): Check {
  return {
    name: 'openai models',
    run: async () => {
      // A server without models says null.
      const answer = (await (await request(url, '/v1/models')).json()) as { data?: readonly { id: string }[] | null };
      const data = answer.data ?? [];
      const ids = new Set(data.map(({ id }) => modelNameKey(id)));
      const missing = models.filter((name) => !ids.has(modelNameKey(name)));
      if (missing.length > 0) throw new CheckFailed(`not listed: ${missing.join(', ')}`);
      return `${data.length} listed`;
    },
  };
}

/** `/v1/chat/completions`, whole and streamed. */
export function openaiChatChecks(url: string, model: string): Check[] {
  const body = { model, messages, max_tokens: 8, temperature: 0, seed: 42 };
  return [
    {
      name: 'openai chat',
      run: async () => {
        const answer = (await (await request(url, '/v1/chat/completions', body)).json()) as Completion;
        return answered(texts(answer));
      },
    },
    {
      name: 'openai chat streamed',
      run: async () => {
        const stream = await (await request(url, '/v1/chat/completions', { ...body, stream: true })).text();
        const events = stream
          .split('\n')
          .flatMap((line) => (line.startsWith('data: ') ? [line.slice('data: '.length)] : []));
        if (events.at(-1) !== '[DONE]') throw new CheckFailed('the stream ended without [DONE]');
        return `${events.length - 1} parts, ${answered(
          events
            .slice(0, -1)
            .map((event) => texts(JSON.parse(event) as Completion))
            .join(''),
        )}`;
      },
    },
  ];
}

/** `/v1/embeddings`. */
export function openaiEmbeddingsCheck(url: string, model: string): Check {
  return {
    name: 'openai embeddings',
    run: async () => {
      const answer = await request(url, '/v1/embeddings', { model, input: 'one' });
      const { data = [] } = (await answer.json()) as { data?: readonly { embedding: readonly number[] }[] };
      const length = data[0]?.embedding.length ?? 0;
      if (length === 0) throw new CheckFailed('the vector is empty');
      return `1 vector of ${length} numbers`;
    },
  };
}

async function request(url: string, path: string, body?: object): Promise<Response> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await httpFetch()(`${url.replace(/\/$/, '')}${path}`, body ? init : {});
  if (!response.ok) throw new CheckFailed(`HTTP ${response.status}: ${excerpt(await response.text(), 200)}`);
  return response;
}

const texts = ({ choices = [] }: Completion): string =>
  choices
    .map(({ message, delta }) => `${(message ?? delta)?.content ?? ''}${(message ?? delta)?.reasoning ?? ''}`)
    .join('');

function answered(text: string): string {
  if (text.trim() === '') throw new CheckFailed('the answer is empty');
  return excerpt(text);
}

import type { OllamaServer } from '../../ollama/server.js';
import { type Check, CheckFailed, excerpt } from './check.js';

/** Few tokens prove as much as many; the first is what can fail. */
const tokens = 8;
const prompt = 'Why is the sky blue?';

/** Repeatable generation: no randomness, a fixed seed. */
export const repeatable = { temperature: 0, seed: 42 } as const;

/** What a model that completes text must do. */
export function completionChecks(server: OllamaServer, model: string): Check[] {
  const options = { ...repeatable, num_predict: tokens };
  return [
    {
      name: 'generate',
      run: async () => {
        let text = '';
        let firstToken: number | undefined;
        const start = performance.now();
        for await (const part of await server.generate({ model, prompt, options })) {
          text += part.response + (part.thinking ?? '');
          firstToken ??= performance.now() - start;
        }
        return `first token after ${Math.round(firstToken ?? 0)} ms: ${answered(text, 'the answer is empty')}`;
      },
    },
    {
      name: 'chat streamed',
      run: async () => {
        let text = '';
        let parts = 0;
        let done = false;
        for await (const part of await server.chat({ model, messages: [{ role: 'user', content: prompt }], options })) {
          text += part.message.content + (part.message.thinking ?? '');
          parts += 1;
          done ||= part.done;
        }
        if (!done) throw new CheckFailed(`the stream ended after ${parts} parts without its last one`);
        return `${parts} parts, ${answered(text, 'the stream carried no text')}`;
      },
    },
  ];
}

/** What a model that embeds text must do. */
export function embeddingChecks(server: OllamaServer, model: string): Check[] {
  return [
    {
      name: 'embed',
      run: async () => {
        const { embeddings } = await server.embed({ model, input: ['one', 'two'] });
        const [first = [], second = []] = embeddings;
        if (first.length === 0 || first.length !== second.length) {
          throw new CheckFailed(`two texts gave vectors of ${first.length} and ${second.length} numbers`);
        }
        return `2 vectors of ${first.length} numbers`;
      },
    },
  ];
}

function answered(text: string, otherwise: string): string {
  if (text.trim() === '') throw new CheckFailed(otherwise);
  return excerpt(text);
}

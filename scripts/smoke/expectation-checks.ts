import { Ajv } from 'ajv';
import type { Expectation } from '../../manifest/manifest.js';
import type { OllamaServer } from '../../ollama/server.js';
import { type Check, CheckFailed, excerpt } from './check.js';
import { repeatable } from './model-checks.js';

/** Enough for an answer; a model that never stops must not hold up a deploy. */
const longestAnswer = 256;

/** What was generated, and how fast as Ollama measured it. */
export interface Answer {
  readonly text: string;
  readonly tokensPerSecond: number;
}

/** The `expect` entries of one model; every assertion of an entry is made of the same answer. */
export function expectationChecks(server: OllamaServer, model: string, expectations: readonly Expectation[]): Check[] {
  return expectations.map((expectation, index) => ({
    name: `expect[${index}]`,
    run: async () => {
      const seen: string[] = [];
      if (expectation.dimensions !== undefined) seen.push(await checkDimensions(server, model, expectation));
      if (asksForText(expectation)) seen.push(judge(expectation, await ask(server, model, expectation)));
      return seen.join('; ');
    },
  }));
}

const asksForText = ({ contains, matches, jsonSchema, minTokensPerSecond }: Expectation): boolean =>
  [contains, matches, jsonSchema, minTokensPerSecond].some((wanted) => wanted !== undefined);

async function ask(server: OllamaServer, model: string, { prompt, jsonSchema }: Expectation): Promise<Answer> {
  let text = '';
  const options = { ...repeatable, num_predict: longestAnswer };
  try {
    for await (const part of await server.generate({
      model,
      prompt,
      options,
      ...(jsonSchema ? { format: jsonSchema } : {}),
    })) {
      text += part.response;
      if (part.done)
        return { text, tokensPerSecond: part.eval_duration > 0 ? part.eval_count / (part.eval_duration / 1e9) : 0 };
    }
  } catch (error) {
    if (text === '') throw error;
  }
  // Ollama cuts off a model that says the same token again and again, without a last part.
  throw new CheckFailed(`the answer broke off, as it does when a model only repeats itself: ${excerpt(text, 200)}`);
}

/**
 * What was seen when the answer is as expected.
 * @throws CheckFailed with everything that was not
 */
export function judge(expectation: Expectation, { text, tokensPerSecond }: Answer): string {
  const { contains, matches, jsonSchema, minTokensPerSecond } = expectation;
  const faults: string[] = [];
  if (contains !== undefined && !text.toLowerCase().includes(contains.toLowerCase())) {
    faults.push(`wanted an answer that contains ${JSON.stringify(contains)}`);
  }
  if (matches !== undefined && !new RegExp(matches).test(text))
    faults.push(`wanted an answer that matches /${matches}/`);
  if (jsonSchema !== undefined) faults.push(...jsonFaults(jsonSchema, text));
  const speed = `${tokensPerSecond.toFixed(1)} tokens/s`;
  if (minTokensPerSecond !== undefined && tokensPerSecond < minTokensPerSecond) {
    faults.push(`wanted at least ${minTokensPerSecond} tokens/s, got ${speed}`);
  }
  if (faults.length > 0) throw new CheckFailed(`${faults.join('; ')}; the answer was ${excerpt(text, 200)}`);
  return minTokensPerSecond === undefined ? excerpt(text) : `${speed}, ${excerpt(text)}`;
}

function jsonFaults(schema: Readonly<Record<string, unknown>>, text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return [`wanted JSON: ${(error as Error).message}`];
  }
  const ajv = new Ajv({ allErrors: true, strict: false });
  const validate = ajv.compile(schema);
  return validate(value) ? [] : [`wanted JSON of the schema: ${ajv.errorsText(validate.errors, { dataVar: '' })}`];
}

async function checkDimensions(
  server: OllamaServer,
  model: string,
  { prompt, dimensions }: Expectation,
): Promise<string> {
  const { embeddings } = await server.embed({ model, input: prompt });
  const length = embeddings[0]?.length ?? 0;
  if (length !== dimensions) throw new CheckFailed(`wanted a vector of ${dimensions} numbers, got ${length}`);
  return `vector of ${length} numbers`;
}

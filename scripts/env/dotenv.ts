import type { ConnectionFacts, ModelConnection, ServerFacts } from './connection-facts.js';

/**
 * The facts as lines of a `.env` file, which shells, Docker and dotenv libraries read alike. With several servers every
 * name begins with that of its server.
 */
export function dotenv({ servers }: ConnectionFacts): string {
  const names = new UniqueNames();
  const lines = servers.flatMap((server, index) => {
    const prefix = servers.length > 1 ? `${names.claim(variableName(server.name), [''])}_` : '';
    return [...(index > 0 ? [''] : []), ...serverLines(server, prefix, names)];
  });
  return ['# Written by `npm run env`; change models.yaml instead.', ...lines, ''].join('\n');
}

function serverLines({ url, openaiUrl, models }: ServerFacts, prefix: string, names: UniqueNames): string[] {
  return [
    variable(`${prefix}OLLAMA_HOST`, url),
    variable(`${prefix}OLLAMA_BASE_URL`, url),
    variable(`${prefix}OPENAI_BASE_URL`, openaiUrl),
    ...models.flatMap((model) => modelLines(model, prefix, names)),
  ];
}

const suffixes = ['', '_CONTEXT_LENGTH', '_EMBEDDING_LENGTH'] as const;

function modelLines(
  { name, contextLength, embeddingLength }: ModelConnection,
  prefix: string,
  names: UniqueNames,
): string[] {
  const wanted = `${prefix}OLLAMA_STACKS_MODEL_${variableName(name.replace(/:latest$/, ''))}`;
  const own = names.claim(wanted, suffixes);
  return [
    variable(own, name),
    variable(`${own}_CONTEXT_LENGTH`, String(contextLength)),
    ...(embeddingLength === undefined ? [] : [variable(`${own}_EMBEDDING_LENGTH`, String(embeddingLength))]),
  ];
}

/** Different names can become one variable (`a-b`, `a.b`); later ones get a number. */
class UniqueNames {
  readonly #taken = new Set<string>();

  claim(wanted: string, endings: readonly string[]): string {
    const free = (name: string): boolean => endings.every((ending) => !this.#taken.has(name + ending));
    let name = wanted;
    for (let number = 2; !free(name); number += 1) name = `${wanted}_${number}`;
    for (const ending of endings) this.#taken.add(name + ending);
    return name;
  }
}

/** `qwen3:8b` as `QWEN3_8B`. */
function variableName(text: string): string {
  const name = text.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_');
  return /^\d/.test(name) ? `_${name}` : name;
}

/** One assignment; quoted unless the value means nothing to any shell. */
export function variable(name: string, value: string): string {
  return `${name}=${/^[\w./:@%+-]*$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`}`;
}

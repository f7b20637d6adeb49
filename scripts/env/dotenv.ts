import type { ConnectionFacts, GatewayFacts, ModelConnection, ServerFacts } from './connection-facts.js';
import { modelOffers } from './model-offers.js';

/**
 * The facts as lines of a `.env` file, which shells, Docker and dotenv libraries read alike. With several servers every
 * name begins with that of its server; models that were placed begin with the server that was declared, and say where
 * they are, so that their names stay when they move to another GPU.
 */
export function dotenv({ servers, gateway }: ConnectionFacts): string {
  const names = new UniqueNames();
  const lines = servers.flatMap((server, index) => {
    const prefix = servers.length > 1 ? `${names.claim(variableName(server.name), [''])}_` : '';
    return [...(index > 0 ? [''] : []), ...serverLines(server, prefix, names)];
  });
  const placed = [...new Set(servers.flatMap(({ partOf }) => partOf ?? []))];
  lines.push(...placed.flatMap((server) => ['', ...placedLines(server, servers, names)]));
  if (gateway) lines.push('', ...gatewayLines(gateway));
  return ['# Written by `npm run env`; change models.yaml instead.', ...lines, ''].join('\n');
}

/** What a client needs besides the address, as comments: a variable of a variable is read alike by no two readers. */
function gatewayLines({ keyVariable, ownAuthority }: GatewayFacts): string[] {
  const key = [
    `# Every request needs a key (\`npm run keys -- add NAME\`), which ${keyVariable} holds.`,
    `# OPENAI_API_KEY=\${${keyVariable}}`,
  ];
  if (!ownAuthority) return key;
  const file = 'ca.pem';
  return [
    ...key,
    `# The certificate is of the project's own authority: \`npm run tls -- trust --out ${file}\` writes it; then`,
    `# NODE_EXTRA_CA_CERTS=${file}`,
    `# SSL_CERT_FILE=${file}`,
  ];
}

/** The models of all parts of a server; of one that several parts offer the first. */
function placedLines(declared: string, servers: readonly ServerFacts[], names: UniqueNames): string[] {
  const prefix = `${names.claim(variableName(declared), [''])}_`;
  const parts = servers.filter(({ partOf }) => partOf === declared);
  return modelOffers({ servers: parts }).flatMap((offer) => {
    const own = names.claim(modelVariable(offer, prefix), [...suffixes, ...addressSuffixes]);
    const addresses = addressSuffixes.map((suffix) =>
      variable(`${own}${suffix}`, suffix === '_OPENAI_BASE_URL' ? offer.openaiUrl : offer.url),
    );
    return [...modelLines(offer, own), ...addresses];
  });
}

function serverLines({ url, openaiUrl, models, partOf }: ServerFacts, prefix: string, names: UniqueNames): string[] {
  const own = partOf === undefined ? models : [];
  return [
    variable(`${prefix}OLLAMA_HOST`, url),
    variable(`${prefix}OLLAMA_BASE_URL`, url),
    variable(`${prefix}OPENAI_BASE_URL`, openaiUrl),
    ...own.flatMap((model) => modelLines(model, names.claim(modelVariable(model, prefix), suffixes))),
  ];
}

const suffixes = ['', '_CONTEXT_LENGTH', '_EMBEDDING_LENGTH'] as const;
const addressSuffixes = ['_OLLAMA_BASE_URL', '_OPENAI_BASE_URL'] as const;

function modelVariable({ name }: ModelConnection, prefix: string): string {
  return `${prefix}OLLAMA_STACKS_MODEL_${variableName(name.replace(/:latest$/, ''))}`;
}

function modelLines({ name, contextLength, embeddingLength }: ModelConnection, own: string): string[] {
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

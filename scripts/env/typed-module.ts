import type { ConnectionFacts, GatewayFacts } from './connection-facts.js';
import { modelOffers } from './model-offers.js';

/** The facts as a TypeScript module without imports, so that a misspelt model name does not compile. */
export function typedModule(facts: ConnectionFacts): string {
  const servers = facts.servers.map(({ name, url, openaiUrl }) => [name, { url, openaiUrl }]);
  const models = modelOffers(facts).map(({ name, server, servers: all, url, openaiUrl, ...lengths }) => [
    name,
    { name, server, servers: all, url, openaiUrl, ...lengths },
  ]);
  return `// Written by \`npm run env\`; change models.yaml instead.

/** Where the servers are: \`url\` for Ollama's own API, \`openaiUrl\` for OpenAI clients. */
export const servers = ${literal(Object.fromEntries(servers))} as const;

export type ServerName = keyof typeof servers;
${facts.gateway ? keyText(facts.gateway) : ''}
/**
 * The models by the name that every API takes. \`url\` and \`openaiUrl\` are those of \`server\`, the first one that offers
 * it; \`contextLength\` counts tokens, \`embeddingLength\` the numbers of a vector.
 */
export const models = ${literal(Object.fromEntries(models))} as const;

export type ModelName = keyof typeof models;
`;
}

function keyText({ keyVariable }: GatewayFacts): string {
  return `
/** Environment variable that holds the key which every request needs: \`Authorization: Bearer <key>\`. */
export const apiKeyVariable = ${JSON.stringify(keyVariable)};
`;
}

/** JSON is TypeScript, too. */
function literal(value: object): string {
  return JSON.stringify(value, undefined, 2);
}

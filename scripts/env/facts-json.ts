import type { ConnectionFacts } from './connection-facts.js';
import { modelOffers } from './model-offers.js';

/** The facts as JSON, in the words that `terraform output` and models.yaml use. */
export function factsJson(facts: ConnectionFacts): string {
  const servers = facts.servers.map(({ name, url, openaiUrl, models }) => [
    name,
    { url, openai_url: openaiUrl, models: models.map((model) => model.name) },
  ]);
  const models = modelOffers(facts).map(({ name, openaiUrl, contextLength, embeddingLength, ...offer }) => [
    name,
    { ...offer, openai_url: openaiUrl, context_length: contextLength, embedding_length: embeddingLength },
  ]);
  const { project, gateway } = facts;
  const key = gateway && { api_key: `\${${gateway.keyVariable}}`, own_authority: gateway.ownAuthority };
  const value = { project, servers: Object.fromEntries(servers), models: Object.fromEntries(models), ...key };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

import type { Preload } from '../manifest/manifest.js';
import type { OllamaServer } from './server.js';

/**
 * Holds a model in memory for `keepAlive` (Ollama's duration syntax), whatever the server's own keep-alive says. Models that only embed
 * refuse `generate`, so they are loaded by an embedding of nothing.
 */
export async function preload(server: OllamaServer, model: string, { keepAlive }: Preload): Promise<void> {
  // A number without a unit is seconds, and as text no duration (api/types.go, Duration).
  const keep_alive = /^-?\d+$/.test(keepAlive) ? Number(keepAlive) : keepAlive;
  const { capabilities } = await server.show(model);
  if (capabilities.includes('embedding') && !capabilities.includes('completion')) {
    await server.embed({ model, input: [], keep_alive });
    return;
  }
  for await (const part of await server.generate({ model, prompt: '', keep_alive })) void part;
}

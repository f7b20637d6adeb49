import type { OllamaServer } from './server.js';

/**
 * Holds a model in memory until the server stops, whatever the server's own keep-alive says. Models that only embed
 * refuse `generate`, so they are loaded by an embedding of nothing.
 */
export async function preload(server: OllamaServer, model: string): Promise<void> {
  const { capabilities } = await server.show(model);
  if (capabilities.includes('embedding') && !capabilities.includes('completion')) {
    await server.embed({ model, input: [], keep_alive: -1 });
    return;
  }
  for await (const part of await server.generate({ model, prompt: '', keep_alive: -1 })) void part;
}

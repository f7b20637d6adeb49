import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { modelsByKey } from '../../manifest/declaration.js';
import { RegistryClient } from '../../ollama/registry-client.js';
import { resolveModel } from '../../ollama/model-resolution.js';
import { syntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import { model, registry as from } from '../support/load-plan.js';
import { startModelRegistry } from '../support/model-registry.js';
import { startOllama, type TestServer } from '../support/ollama-server.js';

async function ask(server: TestServer, route: string, body?: unknown): Promise<string> {
  const sent =
    body === undefined
      ? {}
      : { method: 'POST', body: body instanceof Buffer ? new Uint8Array(body) : JSON.stringify(body) };
  const response = await fetch(`${server.url}/api/${route}`, sent);
  const text = await response.text();
  if (!response.ok || text.includes('"error"')) throw new Error(`${route}: ${text}`);
  return text;
}

it('locks what Ollama shows after a pull: its digest, size, and what it is', async () => {
  await using registry = await startModelRegistry();
  const server = await startOllama({ network: 'host' });
  const reader = new RegistryClient({ registries: [{ host: registry.host, insecure: true }], env: {} });
  try {
    const gguf = syntheticGguf({ seed: 5 });
    const digest = `sha256:${createHash('sha256').update(gguf).digest('hex')}`;
    await ask(server, `blobs/${digest}`, gguf);
    await ask(server, 'create', {
      model: 'ours',
      files: { 'ours.gguf': digest },
      system: 'be brief',
      license: 'MIT License',
      parameters: { num_ctx: 512 },
    });
    const name = await registry.push(server, 'ours', 'team/real:1');
    const one = model(name, { from: [from(name)] });
    const signal = new AbortController().signal;
    const locked = await resolveModel(one, {
      reader,
      declared: modelsByKey([one]),
      root: '.',
      cache: '/nonexistent',
      signal,
    });
    await ask(server, 'pull', { model: name, insecure: true });
    const { models } = JSON.parse(await ask(server, 'tags')) as {
      models: { name: string; digest: string; size: number; details: Record<string, unknown> }[];
    };
    const shown = models.find((found) => found.name === name);
    expect(locked.digest).toBe(`sha256:${shown?.digest}`);
    expect(locked.layers.map(({ kind }) => kind).toSorted()).toEqual(['license', 'model', 'params', 'system']);
    expect(shown?.size).toBeGreaterThanOrEqual(locked.layers.reduce((sum, { bytes }) => sum + bytes, 0));
    expect(locked.facts).toMatchObject({
      architecture: shown?.details.family,
      parameterCount: shown?.details.parameter_size,
      license: 'MIT License',
      contextLength: 2048,
    });
    // Ollama itself does not know it of a model that it made from a file (0.30 and later).
    expect(shown?.details.quantization_level).toBe('unknown');
    expect(locked.facts).not.toHaveProperty('quantization');
  } finally {
    await reader.close();
    await server.remove();
  }
});

import { syntheticGguf, type SyntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import type { ModelRegistry } from './model-registry.js';

export interface SyntheticModel extends SyntheticGguf {
  /** `namespace/model:tag` */
  readonly name: string;
  /** Further layers: kind (`license`, `template`, `system`, `params`, `messages`) to text. */
  readonly texts?: Readonly<Record<string, string>>;
}

export interface PushedLayer {
  /** Last word of Ollama's media type, or `config`. */
  readonly kind: string;
  /** `sha256:…` */
  readonly digest: string;
  readonly bytes: number;
}

export interface PushedModel {
  /** `host/namespace/model:tag` */
  readonly name: string;
  /** `sha256:` of its manifest. */
  readonly digest: string;
  /** In the order of the manifest; the weights come first. */
  readonly layers: readonly PushedLayer[];
}

export function mediaTypes(kind: string): string {
  if (kind === 'config') return 'application/vnd.docker.container.image.v1+json';
  return `application/vnd.ollama.image.${kind}`;
}

/**
 * Puts a model of random weights into a registry by the registry's own API: the bytes of `syntheticGguf` as they are,
 * and a config and manifest as Ollama writes them. For what a real push does there is `ModelRegistry.push`.
 */
export async function pushSynthetic(registry: ModelRegistry, model: SyntheticModel): Promise<PushedModel> {
  const { name, texts = {}, ...gguf } = model;
  const push = async (kind: string, content: Buffer): Promise<PushedLayer> => ({
    kind,
    digest: await registry.writer.blob(name, content),
    bytes: content.length,
  });
  const layers = [await push('model', syntheticGguf(gguf))];
  for (const [kind, text] of Object.entries(texts)) layers.push(await push(kind, Buffer.from(text)));
  const config = await push('config', Buffer.from(JSON.stringify(configOf(layers))));
  const digest = await registry.writer.manifest(name, config, layers);
  return { name: `${registry.host}/${name}`, digest, layers };
}

/** Ollama's model config (server/images.go, ConfigV2). */
function configOf(layers: readonly PushedLayer[]): unknown {
  return {
    model_format: 'gguf',
    model_family: 'llama',
    model_families: ['llama'],
    model_type: '112.52K',
    file_type: 'F32',
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  };
}

import { createHash } from 'node:crypto';
import { formatModelRef, parseModelRef } from '../manifest/model-ref.js';
import type { BrokenManifest, StoredLayer, StoredManifest } from './store-inventory.js';

/** Canonical name of the model at `<host>/<namespace>/<model>/<tag>`; undefined for one that Ollama passes over too. */
export function storedName(file: string): string | undefined {
  const [host, namespace, model, tag] = file.split('/');
  const { ref } = parseModelRef(`${host}/${namespace}/${model}:${tag}`);
  return ref === undefined ? undefined : formatModelRef(ref);
}

/** A manifest file (Docker image manifest, version 2, schema 2), or why it is none. */
export function parseStoredManifest(name: string, bytes: Buffer): StoredManifest | BrokenManifest {
  const reason = (words: string): BrokenManifest => ({ name, reason: words });
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return reason(bytes.length === 0 ? 'the file is empty' : 'the file is no JSON');
  }
  const { config, layers } = (value ?? {}) as { config?: { digest?: unknown } | null; layers?: unknown };
  if (!Array.isArray(layers)) return reason('the file names no layers');
  // Ollama writes `{"mediaType":"","digest":"","size":0}` for a model without one.
  const isEmpty = config === undefined || config?.digest === '';
  const all = [...(layers as unknown[]), ...(isEmpty ? [] : [config])];
  if (!all.every(isLayer)) return reason('the file names a layer without digest or size');
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { name, digest, layers: all.map(({ mediaType, digest: of, size }) => ({ mediaType, digest: of, size })) };
}

function isLayer(value: unknown): value is StoredLayer {
  const { mediaType, digest, size } = (value ?? {}) as Partial<Record<keyof StoredLayer, unknown>>;
  return (
    typeof mediaType === 'string' &&
    typeof digest === 'string' &&
    // It becomes part of a path.
    /^sha256:[0-9a-f]{64}$/.test(digest) &&
    Number.isSafeInteger(size)
  );
}

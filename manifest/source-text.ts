import type { ModelSource } from './manifest.js';

/** A source in words, for people and for the lock: `registry.ollama.ai/library/qwen3:8b`, `pypi:…`, a URL or a path. */
export function sourceText(source: ModelSource): string {
  if (source.kind === 'registry') {
    const { host, namespace, model, tag } = source.ref;
    return `${host}/${namespace}/${model}:${tag}`;
  }
  const { location } = source;
  if (location.kind === 'pypi') return `pypi:${location.package}==${location.version}/${location.path}`;
  return location.kind === 'https' ? location.url : location.path;
}

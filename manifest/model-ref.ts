/** A model name of Ollama, every part written out (types/model/name.go). Compare with `modelRefKey`, never as text. */
export interface ModelRef {
  readonly host: string;
  readonly namespace: string;
  readonly model: string;
  readonly tag: string;
}

/** Host of the Ollama library. */
export const defaultHost = 'registry.ollama.ai';

const defaults = { host: defaultHost, namespace: 'library', tag: 'latest' } as const;

const parts = {
  host: { pattern: /^\w[\w.:-]*$/, longest: 350, allowed: 'letters, digits, "_", "-", "." and ":"' },
  namespace: { pattern: /^\w[\w-]*$/, longest: 80, allowed: 'letters, digits, "_" and "-"' },
  model: { pattern: /^\w[\w.-]*$/, longest: 80, allowed: 'letters, digits, "_", "-" and "."' },
  tag: { pattern: /^\w[\w.-]*$/, longest: 80, allowed: 'letters, digits, "_", "-" and "."' },
} as const satisfies Record<keyof ModelRef, { pattern: RegExp; longest: number; allowed: string }>;

const partNames = ['host', 'namespace', 'model', 'tag'] as const;

/** Parses `[host/][namespace/]model[:tag]`; returns the reason in words when Ollama would refuse the name. */
export function parseModelRef(
  text: string,
): { readonly ref: ModelRef } | { readonly ref?: undefined; readonly reason: string } {
  if (text.includes('@')) return { reason: 'names a digest, and Ollama pulls by tag only' };
  if (text.includes('://')) return { reason: 'is a URL; write host/namespace/model:tag' };
  const colon = text.lastIndexOf(':');
  const tagged = colon > text.lastIndexOf('/');
  const segments = (tagged ? text.slice(0, colon) : text).split('/');
  if (segments.length > 3) return { reason: 'has more parts than host/namespace/model:tag' };
  const ref: ModelRef = {
    host: segments.at(-3) ?? defaults.host,
    namespace: segments.at(-2) ?? defaults.namespace,
    model: segments.at(-1) ?? '',
    tag: tagged ? text.slice(colon + 1) : defaults.tag,
  };
  const reason = partNames.map((part) => fault(part, ref[part])).find((found) => found);
  return reason === undefined ? { ref } : { reason };
}

function fault(part: keyof ModelRef, text: string): string | undefined {
  const { pattern, longest, allowed } = parts[part];
  if (text === '') return `has an empty ${part}`;
  if (text.length > longest) return `has a ${part} longer than ${longest} characters`;
  if (pattern.test(text)) return undefined;
  return `has the ${part} ${JSON.stringify(text)}; allowed are ${allowed}, first a letter, digit or "_"`;
}

/** Why Ollama would refuse a text as the host of a model; undefined when it would not. */
export function hostFault(host: string): string | undefined {
  if (host.includes('://')) return 'is a URL; write host or host:port';
  if (host.includes('/')) return 'has a path; write host or host:port';
  return fault('host', host);
}

/** Canonical short form, as `/api/tags` lists it: `smollm2:135m`, `qwen3:latest`, `hf.co/user/repo:Q4_K_M`. */
export function formatModelRef({ host, namespace, model, tag }: ModelRef): string {
  const name = `${model}:${tag}`;
  if (host.toLowerCase() !== defaults.host) return `${host}/${namespace}/${name}`;
  return namespace.toLowerCase() === defaults.namespace ? name : `${namespace}/${name}`;
}

/** Equal for two refs exactly when Ollama takes them for one model: it does not mind case. */
export function modelRefKey(ref: ModelRef): string {
  return `${ref.host}/${ref.namespace}/${ref.model}:${ref.tag}`.toLowerCase();
}

/** `modelRefKey` of a name as text; a name that Ollama would refuse is compared as it stands. */
export function modelNameKey(name: string): string {
  const { ref } = parseModelRef(name);
  return ref === undefined ? name.toLowerCase() : modelRefKey(ref);
}

import { parseModelRef } from './model-ref.js';

interface Fault {
  readonly message: string;
  readonly hint?: string;
}

type Read<T> =
  | { readonly source: T; readonly fault?: undefined }
  | { readonly source?: undefined; readonly fault: Fault };

/**
 * What a `FROM` names. Ollama looks whether there is such a file; without looking, a text is one when it is written as a
 * path or ends like one.
 */
export function modelfileSource(text: string): Read<string | { readonly gguf: string }> {
  if (/^[./~\\]|^[A-Za-z]:[\\/]|\\/.test(text) || isWeights(text)) return modelfileGguf(text, 'FROM');
  const { ref, ...parsed } = parseModelRef(text);
  if (ref !== undefined) return { source: text };
  const message = `FROM ${JSON.stringify(text)} ${'reason' in parsed ? parsed.reason : 'is no model'}`;
  return { fault: { message, hint: 'write name:tag, or ./file.gguf' } };
}

/** What an `ADAPTER`, or a `FROM` with a file, names. */
export function modelfileGguf(text: string, keyword: 'FROM' | 'ADAPTER'): Read<{ readonly gguf: string }> {
  const refused = (what: string, hint: string): Read<{ readonly gguf: string }> => ({
    fault: { message: `${keyword} ${JSON.stringify(text)} ${what}`, hint },
  });
  if (text.startsWith('~')) return refused('begins with "~", which stands for another directory elsewhere', relative);
  if (/:\/\/|^pypi:/.test(text)) {
    return refused('is no file', 'name it in models.yaml, as { gguf: …, sha256: … }');
  }
  // What `ollama show --modelfile` prints is a blob without an ending.
  if (/\.gguf$/i.test(text) || /(?:^|[\\/])sha256-[0-9a-f]{64}$/.test(text)) return { source: { gguf: text } };
  const script = keyword === 'FROM' ? 'convert_hf_to_gguf.py' : 'convert_lora_to_gguf.py';
  return refused(
    'is no .gguf file',
    `convert safetensors with ${script} of llama.cpp, and name the .gguf that it writes`,
  );
}

const relative = 'write a path relative to the Modelfile, or an absolute one';

function isWeights(text: string): boolean {
  return /\.(?:gguf|safetensors|bin|pth)$/i.test(text);
}

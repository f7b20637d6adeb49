import type { Finding, PathSegment } from './diagnostics.js';
import { parseGgufLocation } from './gguf-location.js';
import { isModelfile } from './inlined-files.js';
import type { RawGguf, RawModel, RawSource } from './model-schema.js';
import { modelRefKey, parseModelRef } from './model-ref.js';
import type { RawManifest } from './schema.js';
import { modelNameFinding, type DeclaredNames } from './server-checks.js';

/** What the schema cannot say about models. */
export function checkModels(manifest: RawManifest, declared: DeclaredNames): Finding[] {
  return [
    ...checkNames(declared.models),
    ...Object.entries(manifest.models).flatMap(([name, model]) =>
      model === null
        ? []
        : [...checkSources(name, model), ...checkAdapters(name, model), ...checkPatterns(name, model)],
    ),
  ];
}

function checkNames(names: readonly string[]): Finding[] {
  const first = new Map<string, string>();
  return names.flatMap((name): Finding[] => {
    const path = ['models', name];
    const parsed = parseModelRef(name);
    if (parsed.ref === undefined) return [{ ...modelNameFinding(path, name, parsed.reason), atKey: true }];
    const key = modelRefKey(parsed.ref);
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, name);
      return [];
    }
    const message = `this is the same model as ${JSON.stringify(other)}`;
    const hint = 'ollama does not mind case, and no tag means latest';
    return [{ severity: 'error', code: 'same-model', path, message, hint, atKey: true }];
  });
}

function checkSources(name: string, { from }: RawModel): Finding[] {
  const path: PathSegment[] = ['models', name, 'from'];
  if (Array.isArray(from)) return from.flatMap((source, index) => checkListed([...path, index], source));
  return from === undefined || isModelfile(from) ? [] : checkSource(path, from);
}

function checkListed(path: PathSegment[], source: RawSource): Finding[] {
  if (!isModelfile(source)) return checkSource(path, source);
  const message = 'a Modelfile stands alone, not in a list';
  const hint = `write from: { modelfile: ${JSON.stringify(source.modelfile)} }`;
  return [{ severity: 'error', code: 'modelfile-listed', path, message, hint }];
}

function checkSource(path: PathSegment[], source: string | RawGguf): Finding[] {
  if (typeof source !== 'string') return checkGguf([...path, 'gguf'], source);
  const parsed = parseModelRef(source);
  if (parsed.ref !== undefined) return [];
  const hint = /\.gguf$|^pypi:|^https:/.test(source) ? `write { gguf: ${JSON.stringify(source)} }` : undefined;
  return [{ ...modelNameFinding(path, source, parsed.reason), hint }];
}

function checkAdapters(name: string, { adapters }: RawModel): Finding[] {
  if (adapters === undefined) return [];
  return adapters.flatMap((adapter, index) => {
    const path = ['models', name, 'adapters', index];
    return typeof adapter === 'string' ? checkGguf(path, { gguf: adapter }) : checkGguf([...path, 'gguf'], adapter);
  });
}

function checkGguf(path: PathSegment[], { gguf, sha256 }: RawGguf): Finding[] {
  const { location, ...fault } = parseGgufLocation(gguf);
  if ('reason' in fault) {
    return [{ severity: 'error', code: 'gguf', path, message: `${JSON.stringify(gguf)} ${fault.reason}` }];
  }
  if (location?.kind === 'file' || sha256 !== undefined) return [];
  const message = 'nothing checks that this download is the file you mean';
  const hint = path.at(-1) === 'gguf' ? 'add its sha256' : 'write { gguf: …, sha256: … }';
  return [{ severity: 'warning', code: 'gguf-unpinned', path, message, hint }];
}

function checkPatterns(name: string, { expect }: RawModel): Finding[] {
  return expect.flatMap(({ matches }, index): Finding[] => {
    const fault = matches === undefined ? undefined : patternFault(matches);
    if (fault === undefined) return [];
    return [{ severity: 'error', code: 'pattern', path: ['models', name, 'expect', index, 'matches'], message: fault }];
  });
}

function patternFault(pattern: string): string | undefined {
  try {
    RegExp(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof SyntaxError)
      return `is no regular expression: ${error.message.replace(/^Invalid regular expression: /, '')}`;
    throw error;
  }
}

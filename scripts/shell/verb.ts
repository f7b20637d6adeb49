import { parseArgs } from 'node:util';
import { suggestion } from '../../manifest/suggestion.js';
import { exitCode } from './exit-code.js';
import { printProblem, UsageError } from './problem.js';

/** One flag of a verb: what it takes, and the line that `--help` prints for it. */
export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** Placeholder of the value in the help text, such as `FILE`. */
  readonly value?: string;
  /** May be given more than once. */
  readonly multiple?: true;
  readonly help: string;
}

export interface Verb<Flags extends Record<string, Flag>> {
  readonly name: string;
  readonly summary: string;
  /** What the verb takes besides flags, such as `[server]`; absent when it takes nothing. */
  readonly operands?: string;
  readonly flags: Flags;
}

/** Values of the flags: booleans and lists are always there, strings only when given. */
export type Values<Flags extends Record<string, Flag>> = {
  readonly [Name in keyof Flags]: Flags[Name]['type'] extends 'boolean'
    ? boolean
    : Flags[Name]['multiple'] extends true
      ? readonly string[]
      : string | undefined;
};

/** Flags of the verbs that read a manifest. */
export const manifestFlags = {
  file: { type: 'string', value: 'FILE', help: 'the manifest (default: models.yaml)' },
  profile: { type: 'string', value: 'NAME', help: 'the overlay of `profiles` to apply' },
} as const satisfies Record<string, Flag>;

const helpFlag: Flag = { type: 'boolean', short: 'h', help: 'print this text' };

/** The text of `--help`, derived from the table of flags. */
export function helpText(verb: Verb<Record<string, Flag>>): string {
  const flags = Object.entries({ ...verb.flags, help: helpFlag });
  const rows = flags.map(([name, flag]) => {
    const short = flag.short ? `-${flag.short}, ` : '    ';
    return [`  ${short}--${name}${flag.value ? ` ${flag.value}` : ''}`, flag.help] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  const usage = `usage: npm run ${verb.name} -- ${verb.operands ? `${verb.operands} ` : ''}[flags]`;
  return [verb.summary, '', usage, '', ...rows.map(([left, help]) => left.padEnd(width) + help), ''].join('\n');
}

/**
 * Flags and operands of one call.
 * @throws UsageError for an unknown flag, a missing value, or operands the verb does not take
 */
export function parseFlags<Flags extends Record<string, Flag>>(verb: Verb<Flags>, argv: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries({ ...verb.flags, help: helpFlag }).map(([name, { type, short, multiple = false }]) => [
      name,
      { type, multiple, ...(short && { short }) },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: verb.operands !== undefined,
    });
    const absent = Object.entries(options).flatMap(([name, { type, multiple }]): [string, unknown][] => {
      if (multiple) return [[name, []]];
      return type === 'boolean' ? [[name, false]] : [];
    });
    return {
      values: { ...Object.fromEntries(absent), ...values } as Values<Flags> & { readonly help: boolean },
      operands: positionals,
    };
  } catch (error) {
    throw usageError(verb, error as Error & { code?: string });
  }
}

function usageError(verb: Verb<Record<string, Flag>>, error: Error & { code?: string }): Error {
  if (!error.code?.startsWith('ERR_PARSE_ARGS')) return error;
  const unknown = /Unknown option '(-[^']+)'/.exec(error.message)?.[1];
  if (!unknown) return new UsageError(lowerFirst(error.message.split('. ')[0] ?? error.message), helpHint(verb));
  const flags = [...Object.keys(verb.flags), 'help'].map((name) => `--${name}`);
  const hint = suggestion(unknown, flags);
  return new UsageError(`unknown flag ${unknown}${hint ? `; ${hint}` : ''}`, helpHint(verb));
}

const helpHint = (verb: Verb<Record<string, Flag>>): string => `npm run ${verb.name} -- --help lists the flags`;
const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/**
 * The top frame of every verb: parses the flags, prints what went wrong, gives the exit code. Nothing below it prints
 * an error or ends the process.
 */
export async function runVerb<Flags extends Record<string, Flag>>(
  verb: Verb<Flags>,
  argv: readonly string[],
  run: (values: Values<Flags>, operands: readonly string[]) => Promise<number>,
): Promise<number> {
  try {
    const { values, operands } = parseFlags(verb, argv);
    if (!values.help) return await run(values, operands);
    process.stdout.write(helpText(verb));
    return exitCode.fine;
  } catch (error) {
    return printProblem(error);
  }
}

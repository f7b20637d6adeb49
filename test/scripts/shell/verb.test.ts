import { describe, expect, it, vi } from 'vitest';
import { helpText, parseFlags, runVerb } from '../../../scripts/shell/verb.js';
import { Failure, ManifestProblem, UsageError } from '../../../scripts/shell/problem.js';

const verb = {
  name: 'logs',
  summary: 'Shows what a server wrote.',
  operands: '[server]',
  flags: {
    file: { type: 'string', value: 'FILE', help: 'the manifest' },
    follow: { type: 'boolean', short: 'f', help: 'go on until Ctrl-C' },
  },
} as const;

/** Runs the verb and returns its exit code with what it printed on stderr. */
async function outcome(argv: string[], run: () => Promise<number> = () => Promise.resolve(0)) {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const code = await runVerb(verb, argv, run);
  const text = write.mock.calls.map(([chunk]) => String(chunk)).join('');
  write.mockRestore();
  return { code, text };
}

describe('parseFlags', () => {
  it('gives absent booleans as false and leaves absent strings out', () => {
    expect(parseFlags(verb, ['main', '-f']).values).toEqual({ follow: true, help: false });
    expect(parseFlags(verb, ['main']).operands).toEqual(['main']);
    expect(parseFlags(verb, []).values.follow).toBe(false);
  });

  it.each([
    ['an unknown flag near a known one', ['--folow'], 'unknown flag --folow; did you mean "--follow"?'],
    ['an unknown flag like none', ['--colour-scheme'], 'unknown flag --colour-scheme'],
    ['an unknown short flag', ['-z'], 'unknown flag -z'],
    ['a flag without its value', ['--file'], "option '--file <value>' argument missing"],
  ])('refuses %s', (_case, argv, message) => {
    expect(() => parseFlags(verb, argv)).toThrow(message);
  });

  it('refuses operands of a verb that takes none', () => {
    const { operands: _operands, ...without } = verb;
    expect(() => parseFlags(without, ['main'])).toThrow(/unexpected argument 'main'/i);
  });
});

it('helpText lists every flag of the table', () => {
  expect(helpText(verb)).toMatchInlineSnapshot(`
    "Shows what a server wrote.

    usage: npm run logs -- [server] [flags]

          --file FILE  the manifest
      -f, --follow     go on until Ctrl-C
      -h, --help       print this text
    "
  `);
});

describe('runVerb', () => {
  it.each([
    ['a wrong flag', ['--folow'], undefined, 2, 'npm run logs -- --help lists the flags'],
    ['a usage error', [], new UsageError('which server?', 'name one of a, b'), 2, 'which server?'],
    [
      'a failure',
      [],
      new Failure([{ code: 'x', message: 'it broke', next: 'mend it', original: 'raw words' }]),
      1,
      'raw words',
    ],
    [
      'a manifest that does not parse',
      [],
      new ManifestProblem('models.yaml:1:2 servers: wrong'),
      2,
      'models.yaml:1:2 servers: wrong',
    ],
    ['a bug', [], new TypeError('x is not a function'), 1, 'a bug of ollama-stacks'],
  ])('prints %s and sets the exit code', async (_case, argv, thrown, code, text) => {
    const result = await outcome(argv, () => (thrown ? Promise.reject(thrown) : Promise.resolve(0)));
    expect(result.code).toBe(code);
    expect(result.text).toContain(text);
  });

  it('prints the words of the tool below indented, after ours', async () => {
    const failure = new Failure([{ code: 'x', message: 'it broke', next: 'mend it', original: 'raw\nwords' }]);
    const { text } = await outcome([], () => Promise.reject(failure));
    expect(text).toBe('error    it broke\nnext     mend it\n         raw\n         words\n');
  });
});

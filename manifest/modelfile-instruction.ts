/** One instruction of a Modelfile. */
export interface Instruction {
  /** Upper case: `FROM`. */
  readonly keyword: string;
  /** First word of `PARAMETER` (its name) and `MESSAGE` (its role); empty for the others. */
  readonly subject: string;
  /** Without its quotes. */
  readonly value: string;
  /** 1-based, where it begins. */
  readonly line: number;
}

/**
 * Splits a Modelfile as Ollama does (parser/parser.go): a value ends with its line, or with the quotes (`"` or `"""`) that
 * it begins with once a line ends in them. Line ends become `\n`, so that every checkout makes the same model.
 * `unclosed` is the line of a quote without an end; nothing after it is read.
 */
export function readInstructions(text: string): { readonly instructions: Instruction[]; readonly unclosed?: number } {
  const lines = text
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?/g, '\n')
    .split('\n');
  const instructions: Instruction[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    const [keyword, rest] = firstWord(lines[index] ?? '');
    if (keyword === '' || keyword.startsWith('#')) continue;
    const hasSubject = /^(?:parameter|message)$/i.test(keyword);
    const [subject, first] = hasSubject ? firstWord(rest) : ['', rest];
    const parts = [first.trim()];
    while (!isClosed(parts)) {
      const next = lines[++index];
      if (next === undefined) return { instructions, unclosed: line };
      parts.push(next);
    }
    instructions.push({ keyword: keyword.toUpperCase(), subject, value: unquoted(parts.join('\n').trim()), line });
  }
  return { instructions };
}

function firstWord(text: string): [word: string, rest: string] {
  const trimmed = text.trimStart();
  const end = trimmed.search(/[ \t]/);
  return end === -1 ? [trimmed, ''] : [trimmed.slice(0, end), trimmed.slice(end + 1)];
}

function isClosed(parts: readonly string[]): boolean {
  const first = parts[0] ?? '';
  const quote = ['"""', '"'].find((one) => first.startsWith(one));
  if (quote === undefined) return true;
  const end = (parts.at(-1) ?? '').trimEnd();
  return end.endsWith(quote) && (parts.length > 1 || end.length >= 2 * quote.length);
}

function unquoted(value: string): string {
  const quote = ['"""', '"'].find((one) => value.startsWith(one));
  return quote === undefined ? value : value.slice(quote.length, -quote.length);
}

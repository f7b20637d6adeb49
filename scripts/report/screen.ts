import type logUpdate from 'log-update';

/** Where a verb tells what it does: lines that stay, and lines that are drawn again and again. */
export interface Screen {
  /** Whether `live` shows anything; if not, say now and then what goes on. */
  readonly redraws: boolean;
  print(line: string): void;
  /** Replaces the lines at the bottom; none removes them. */
  live(lines: readonly string[]): void;
}

/** Plain lines for a pipe or a log. */
export class PlainScreen implements Screen {
  readonly redraws = false;

  constructor(private readonly write: (text: string) => void) {}

  print(line: string): void {
    this.write(`${line}\n`);
  }

  live(): void {}
}

/** A terminal. What draws it is loaded by the first line that moves, which a run without work never has. */
class TerminalScreen implements Screen {
  readonly redraws = true;
  #lines: readonly string[] = [];
  #update: typeof logUpdate | undefined;
  #asked = false;

  print(line: string): void {
    this.#update?.clear();
    process.stdout.write(`${line}\n`);
    this.#draw();
  }

  live(lines: readonly string[]): void {
    this.#lines = lines;
    if (lines.length > 0 && !this.#asked) void this.#load();
    this.#draw();
  }

  async #load(): Promise<void> {
    this.#asked = true;
    this.#update = (await import('log-update')).default;
    this.#draw();
  }

  #draw(): void {
    if (this.#lines.length === 0) this.#update?.clear();
    else this.#update?.(this.#lines.join('\n'));
  }
}

/** Says nothing, for `--json`. */
const silentScreen: Screen = { redraws: false, print: () => {}, live: () => {} };

/** The screen for a verb: silent for machines, redrawn on a terminal, plain lines elsewhere. */
export function openScreen(json: boolean): Screen {
  if (json) return silentScreen;
  return process.stdout.isTTY && process.env.TERM !== 'dumb'
    ? new TerminalScreen()
    : new PlainScreen((text) => process.stdout.write(text));
}

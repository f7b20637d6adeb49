import type { ResolvedPiece } from '../../manifest/resolved.js';
import type { Reporter } from '../../toolchain/reporter.js';
import { row } from './row.js';
import type { Screen } from './screen.js';

/** Where nothing is redrawn, a piece that is still being made says so this often. */
const quietMs = 30_000;

/** Shows set-up on a screen: what is worked on at the bottom, what is done above it. */
export class SetUpReporter implements Reporter {
  readonly #pieces = new Map<string, { text: string; readonly since: number; spokenAt: number }>();

  constructor(
    private readonly screen: Screen,
    /** Whether questions are answered with yes, without asking. */
    private readonly yes: boolean,
    private readonly now: () => number = () => performance.now(),
  ) {}

  start(piece: string): void {
    this.#pieces.set(piece, { text: 'looking', since: this.now(), spokenAt: this.now() });
    this.#draw();
  }

  progress(piece: string, text: string): void {
    const known = this.#pieces.get(piece);
    if (!known) return;
    known.text = text;
    if (!this.screen.redraws && this.now() - known.spokenAt >= quietMs) {
      known.spokenAt = this.now();
      this.screen.print(row(piece, '…', text, this.now() - known.since));
    }
    this.#draw();
  }

  done(piece: string, { version, source }: ResolvedPiece, ms: number): void {
    this.#pieces.delete(piece);
    this.screen.print(row(piece, version, source, ms));
    this.#draw();
  }

  async confirm(question: string): Promise<boolean> {
    if (this.yes) return true;
    this.screen.live([]);
    const { confirm } = await import('../shell/confirm.js');
    return confirm(question);
  }

  #draw(): void {
    this.screen.live([...this.#pieces].map(([piece, { text, since }]) => row(piece, '…', text, this.now() - since)));
  }
}

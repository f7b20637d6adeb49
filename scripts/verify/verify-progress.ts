import { row } from '../report/row.js';
import type { Screen } from '../report/screen.js';
import { advance, formatTransfer, type Transfer } from '../report/transfer.js';

/** A log gets a line after this time, not more often. */
const quietMs = 10_000;

/** Shows how far reading or fetching is: one line that moves on a terminal, a line now and then elsewhere. */
export class VerifyProgress {
  #transfer: Transfer | undefined;
  #spokenAt: number;

  constructor(
    private readonly screen: Screen,
    private readonly label: string,
    private readonly subject: string,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#spokenAt = now();
  }

  at(completed: number, total: number): void {
    const now = this.now();
    this.#transfer = advance(this.#transfer, completed, total, now);
    const line = row(this.label, this.subject, formatTransfer(this.#transfer));
    if (this.screen.redraws) this.screen.live([line]);
    else if (now - this.#spokenAt >= quietMs) {
      this.#spokenAt = now;
      this.screen.print(line);
    }
  }

  end(): void {
    this.screen.live([]);
  }
}

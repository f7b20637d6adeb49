import type { ResolvedPiece } from '../manifest/resolved.js';

/**
 * Who is told about set-up while it runs. Pieces are `engine`, `terraform`, `provider` and `image`; several are worked on
 * at the same time, and the first call for a piece may come from any of them.
 */
export interface Reporter {
  start(piece: string): void;
  /** What happens now, in a few words (`compiling 120/387`); comes often, only the last one counts. */
  progress(piece: string, text: string): void;
  /** `ms` is wall time since `start`. */
  done(piece: string, result: ResolvedPiece, ms: number): void;
  /** Asked on a terminal only, before something is installed as root. */
  confirm(question: string): Promise<boolean>;
}

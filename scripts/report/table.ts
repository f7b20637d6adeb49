import CliTable from 'cli-table3';
import { style } from './style.js';

const noBorder = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid']
    .concat(['mid', 'mid-mid', 'right', 'right-mid'])
    .map((side) => [side, '']),
);

/** A table without borders; columns are as wide as their longest cell, lines carry no trailing blanks. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const drawn = new CliTable({
    head: head.map((title) => style.dim(title)),
    chars: { ...noBorder, middle: '   ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  drawn.push(...rows.map((row) => [...row]));
  return `${drawn.toString().replaceAll(/[ \t]+$/gm, '')}\n`;
}

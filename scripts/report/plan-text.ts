import type { PlanLine } from '../deploy/deployment-plan.js';
import { style } from './style.js';

const colours = { '+': style.green, '~': style.yellow, '-': style.red } as const;

/** A plan to read: one line a change, its subject aligned. */
export function planText(lines: readonly PlanLine[]): string {
  if (lines.length === 0) return 'nothing to do: everything is as declared\n';
  const width = Math.max(...lines.map(({ subject }) => subject.length));
  const text = lines.map(({ sign, subject, details }) => {
    const plain = `${sign} ${subject.padEnd(width)}   ${details.join('   ')}`.trimEnd();
    return colours[sign](plain);
  });
  return `${text.join('\n')}\n`;
}

import type { PlanLine } from '../deploy/deployment-plan.js';
import { style } from './style.js';

const colours = { '+': style.green, '~': style.yellow, '-': style.red } as const;

/**
 * A plan to read: one line a change, its subject aligned.
 * @param totals what the models cost together; absent when none changes
 */
export function planText(lines: readonly PlanLine[], totals?: string): string {
  if (lines.length === 0) return 'nothing to do: everything is as declared\n';
  const width = Math.max(...lines.map(({ subject }) => subject.length));
  const text = lines.map(({ sign, subject, details }) => {
    const plain = `${sign} ${subject.padEnd(width)}   ${details.join('   ')}`.trimEnd();
    return colours[sign](plain);
  });
  const sum = totals === undefined ? [] : ['', `  ${style.bold('models'.padEnd(width))}   ${totals}`];
  return `${[...text, ...sum].join('\n')}\n`;
}

import { openManifest } from './deploy/synthesis.js';
import type { Diagnosis } from './doctor/diagnosis.js';
import { examine } from './doctor/examination.js';
import { style } from './report/style.js';
import { exitCode } from './shell/exit-code.js';
import { readProject } from './shell/project.js';
import { manifestFlags, runVerb } from './shell/verb.js';

const verb = {
  name: 'doctor',
  summary:
    'Looks for what would keep the manifest from being deployed here; changes nothing, exits 1 when it finds something.',
  flags: { ...manifestFlags, json: { type: 'boolean', help: 'print the findings as JSON' } },
} as const;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, async (flags) => {
    const diagnoses = await examine(await openManifest(await readProject(flags)));
    process.stdout.write(
      flags.json ? `${JSON.stringify(diagnoses, undefined, 2)}\n` : diagnoses.map(diagnosisText).join(''),
    );
    return diagnoses.some(({ status }) => status === 'broken') ? exitCode.failed : exitCode.fine;
  });
}

function diagnosisText({ status, what, cause, remedy }: Diagnosis): string {
  const word = { fine: style.green('fine'), advice: style.yellow('advice'), broken: style.red('broken') }[status];
  const padding = ' '.repeat('broken   '.length - status.length);
  const lines = [`${word}${padding}${what}`];
  if (cause)
    lines.push(
      ...cause
        .trimEnd()
        .split('\n')
        .map((line) => `         ${style.dim(line)}`),
    );
  if (remedy) lines.push(`         ${remedy}`);
  return `${lines.join('\n')}\n`;
}

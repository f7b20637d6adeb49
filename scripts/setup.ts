import { openScreen } from './report/screen.js';
import { SetUpReporter } from './report/set-up-reporter.js';
import { exitCode } from './shell/exit-code.js';
import { parseProject, readProject } from './shell/project.js';
import { manifestFlags, runVerb, type Values } from './shell/verb.js';

const verb = {
  name: 'setup',
  summary:
    'Finds, installs or builds what a deployment needs (engine, Terraform, provider, images), and deploys nothing.',
  operands: '[image …]',
  flags: { ...manifestFlags, yes: { type: 'boolean', short: 'y', help: 'answer every question with yes' } },
} as const;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, async (flags, operands) => {
    const { prepare } = await import('../toolchain/prepare.js');
    await prepare({
      images: operands.length > 0 ? operands : await declaredImages(flags),
      cwd: process.cwd(),
      reporter: new SetUpReporter(openScreen(false), flags.yes),
      interactive: flags.yes || process.stdin.isTTY,
    });
    return exitCode.fine;
  });
}

async function declaredImages(flags: Values<typeof verb.flags>): Promise<string[]> {
  const { servers } = await parseProject(await readProject(flags));
  return servers.map(({ image }) => image);
}

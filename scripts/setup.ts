import { wantsDeviceGroups } from '../manifest/device-groups.js';
import { withDeviceGroups } from '../toolchain/device-groups.js';
import { imagesOf } from './deploy/declared-images.js';
import { openScreen } from './report/screen.js';
import { SetUpReporter } from './report/set-up-reporter.js';
import { exitCode } from './shell/exit-code.js';
import { parseProject, readProject } from './shell/project.js';
import { manifestFlags, runVerb } from './shell/verb.js';

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
    const manifest = operands.length > 0 ? undefined : await parseProject(await readProject(flags));
    const { images, optional } = manifest ? imagesOf(manifest) : { images: operands, optional: [] };
    const resolved = await prepare({
      images,
      optionalImages: optional,
      cwd: process.cwd(),
      reporter: new SetUpReporter(openScreen(false), flags.yes),
      interactive: flags.yes || process.stdin.isTTY,
    });
    if (manifest && wantsDeviceGroups(manifest.servers)) await withDeviceGroups(process.cwd(), resolved);
    return exitCode.fine;
  });
}

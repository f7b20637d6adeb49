import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { cdktfEnvironment, cdktfJson, cdktfVersion } from './deploy/cdktf-environment.js';
import { openManifest } from './deploy/synthesis.js';
import { resolveToolchain } from './deploy/workplace.js';
import { row } from './report/row.js';
import { PlainScreen, type Screen } from './report/screen.js';
import { exitCode } from './shell/exit-code.js';
import { Failure, printProblem } from './shell/problem.js';
import { projectEnvironment, readProject } from './shell/project.js';

const help = `Runs cdktf-cli ${cdktfVersion} on the same stack and the same state as the other verbs.

usage: npm run cdktf -- deploy|diff|destroy|output|… [flags of cdktf]

The manifest is chosen by OLLAMA_STACKS_FILE and OLLAMA_STACKS_PROFILE. The CLI (400 MB) is fetched once per user.
`;

/** Every argument belongs to cdktf, which has its own flags and help; only a call without any is answered here. */
export async function main(argv: string[]): Promise<number> {
  if (argv.length === 0 || argv[0] === '--help' || argv[0] === '-h') {
    process.stdout.write(help);
    return exitCode.fine;
  }
  try {
    return await runCdktf(argv);
  } catch (error) {
    return printProblem(error);
  }
}

const stay = (): void => {};

async function runCdktf(argv: readonly string[]): Promise<number> {
  const { terraformEnvironment } = await import('../toolchain/terraform-environment.js');
  // Stdout is the CLI's.
  const progress = new PlainScreen((text) => process.stderr.write(text));
  const project = await readProject({});
  const manifest = await openManifest(project);
  const resolved = await resolveToolchain(manifest, progress, false);
  const cli = await ensureCli(progress);
  if (!existsSync('cdktf.json')) {
    const launcher = path.join(process.env.OLLAMA_STACKS_HOME ?? '.', 'bin', 'ollama-stacks.mjs');
    await writeFile('cdktf.json', cdktfJson(path.relative(process.cwd(), launcher)));
    progress.print(row('cdktf', 'cdktf.json', 'written: the CLI wants one'));
  }
  const terraformEnv = projectEnvironment(project, terraformEnvironment(resolved, process.env));
  const env = cdktfEnvironment(terraformEnv, resolved.terraform.path);
  const child = spawn(process.execPath, [cli, ...argv], { env, stdio: 'inherit' });
  // The terminal signals the CLI, too; it must be there to hear how that went.
  process.on('SIGINT', stay).on('SIGTERM', stay);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) =>
        resolve(code ?? (signal === 'SIGINT' ? exitCode.interrupted : exitCode.failed)),
      );
    });
  } finally {
    process.off('SIGINT', stay).off('SIGTERM', stay);
  }
}

/** Path of the pinned CLI; installed into the per-user cache by the first call. */
async function ensureCli(screen: Screen): Promise<string> {
  const { cacheDirectory } = await import('../toolchain/workshop.js');
  const { run } = await import('../toolchain/command.js');
  const { built, cachePath } = await import('../toolchain/cache.js');
  const workshop = {
    cache: cacheDirectory(process.env),
    home: process.env.OLLAMA_STACKS_HOME ?? '.',
    env: process.env,
    signal: new AbortController().signal,
    progress: () => {},
    compile: <T>(work: () => Promise<T>) => work(),
  };
  const key = { name: `cdktf-cli-${cdktfVersion}`, recipe: [process.version.split('.')[0] ?? ''] };
  const bin = path.join(cachePath(workshop, key), 'node_modules', 'cdktf-cli', 'bundle', 'bin', 'cdktf.js');
  if (existsSync(bin)) return bin;
  const start = performance.now();
  screen.print(row('cdktf', `cdktf-cli ${cdktfVersion}`, 'fetching with npm (400 MB, once per user)'));
  const flags = ['--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
  await built(workshop, key, async (into) => {
    await run(workshop, ['npm', 'install', '--prefix', into, ...flags, `cdktf-cli@${cdktfVersion}`]);
  });
  if (!existsSync(bin)) {
    const next = `remove ${path.join(homedir(), '.cache', 'ollama-stacks')} and try again`;
    throw new Failure([{ code: 'cdktf-cli', message: `npm installed cdktf-cli ${cdktfVersion} without ${bin}`, next }]);
  }
  screen.print(row('cdktf', `cdktf-cli ${cdktfVersion}`, 'fetched with npm', performance.now() - start));
  return bin;
}

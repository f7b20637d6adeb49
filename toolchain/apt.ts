import { which } from 'zx';
import { run } from './command.js';
import { ToolchainProblem } from './problem.js';
import { oneAtATime, type Workshop } from './workshop.js';

/** What a piece needs from the distribution. */
export type Need = 'engine' | 'compose' | 'compiler' | 'python' | 'base' | 'headers';

const packagesOf: Readonly<Record<Need, readonly string[]>> = {
  engine: ['docker.io', 'iptables', 'ca-certificates'],
  compose: ['docker-compose'],
  compiler: ['g++'],
  python: ['python3-venv'],
  base: ['mmdebstrap'],
  headers: ['nlohmann-json3-dev', 'libstb-dev'],
};

/** The Debian (and Ubuntu) packages that bring these, sorted. */
export function debianPackages(needs: readonly Need[]): string[] {
  return [...new Set(needs.flatMap((need) => packagesOf[need]))].toSorted();
}

const waitForLock = ['-o', 'DPkg::Lock::Timeout=300'] as const;

/** What is run to read the package lists. */
export function updateCommand(root: boolean): string[] {
  return [...(root ? [] : ['sudo']), 'apt-get', ...waitForLock, 'update'];
}

/** What is run to install packages without questions. */
export function installCommand(packages: readonly string[], root: boolean): string[] {
  const install = ['apt-get', ...waitForLock, 'install', '--yes', '--no-install-recommends', ...packages];
  return [...(root ? [] : ['sudo']), 'env', 'DEBIAN_FRONTEND=noninteractive', ...install];
}

const inTurn = oneAtATime();
/** Reading the package lists takes seconds, and once a run is enough. */
let listsAreNew = false;

/**
 * Installs packages: as root at once, on a terminal after asking, through sudo.
 * @param purpose what they are for, such as `a Docker engine`
 * @throws ToolchainProblem `missing-packages` saying what to install, where nobody may or can be asked
 */
export async function installPackages(workshop: Workshop, needs: readonly Need[], purpose: string): Promise<void> {
  const root = process.getuid?.() === 0;
  const packages = debianPackages(needs);
  if (!(await which('apt-get', { nothrow: true, path: workshop.env.PATH ?? '' })))
    throw missing(packages, purpose, false);
  if (!root) await consent(workshop, packages, purpose);
  await inTurn(async () => {
    await readLists(workshop, root);
    if (needs.includes('engine')) packages.push(...(await separateClient(workshop)));
    workshop.progress(`installing ${packages.join(' ')}`);
    await run(workshop, installCommand(packages, root));
  });
}

async function readLists(workshop: Workshop, root: boolean): Promise<void> {
  if (listsAreNew) return;
  workshop.progress('reading package lists');
  await run(workshop, updateCommand(root));
  listsAreNew = true;
}

async function consent(workshop: Workshop, packages: readonly string[], purpose: string): Promise<void> {
  const agreed = await workshop.confirm?.(`install ${packages.join(' ')} for ${purpose}, with sudo?`);
  if (!agreed) throw missing(packages, purpose, true);
}

/** Debian 13 keeps the client in a package of its own; Debian 12 does not know that name. */
async function separateClient(workshop: Workshop): Promise<string[]> {
  const known = await run(workshop, ['apt-cache', 'pkgnames', 'docker-cli']);
  return known.split('\n').includes('docker-cli') ? ['docker-cli'] : [];
}

function missing(packages: readonly string[], purpose: string, apt: boolean): ToolchainProblem {
  const install = `sudo apt-get install ${packages.join(' ')}`;
  const next = apt
    ? install
    : `install what ${packages.join(', ')} are on Debian, with the package manager of this system`;
  return new ToolchainProblem('missing-packages', `${purpose} is missing, and installing it takes root`, next);
}

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { installPackages } from './apt.js';
import { run } from './command.js';
import type { Workshop } from './workshop.js';

/** A requirements file of ours with a SHA-256 of every package: `toolchain/python/<name>.txt`. */
export async function pinnedFile(
  workshop: Workshop,
  name: string,
): Promise<{ readonly file: string; readonly text: string }> {
  const file = path.join(workshop.home, 'toolchain', 'python', `${name}.txt`);
  return { file, text: await readFile(file, 'utf8') };
}

/** Installs what `python3 -m venv` lacks; Debian ships Python without it. */
export async function requirePython(workshop: Workshop): Promise<void> {
  try {
    await run(workshop, ['python3', '-c', 'import venv, ensurepip']);
  } catch {
    await installPackages(workshop, ['python'], 'a Python environment');
  }
}

/** Creates a virtual environment and returns its interpreter. */
export async function createVenv(workshop: Workshop, directory: string): Promise<string> {
  await run(workshop, ['python3', '-m', 'venv', directory]);
  return path.join(directory, 'bin', 'python3');
}

/** Installs wheels by their pinned hashes, into the environment of `python` or into `target`. */
export async function installPinned(workshop: Workshop, python: string, file: string, target?: string): Promise<void> {
  await run(workshop, [
    python,
    ...pipInstall,
    '--only-binary',
    ':all:',
    '-r',
    file,
    ...(target ? ['--target', target] : []),
  ]);
}

/** Start of every `pip install` we run: nothing without a hash gets in. */
export const pipInstall = ['-m', 'pip', 'install', '--disable-pip-version-check', '--require-hashes'] as const;

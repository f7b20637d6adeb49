import { cp, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from './command.js';
import type { Workshop } from './workshop.js';

/** A program inside a Go module, pinned by a go.mod and go.sum of ours in `toolchain/go/<recipe>/`. */
export interface GoProgram {
  /** Directory below `toolchain/go`. */
  readonly recipe: string;
  /** Import path of its main package. */
  readonly main: string;
  readonly tags?: string;
  /** `-X` settings, such as the version it reports. */
  readonly variables: Readonly<Record<string, string>>;
  readonly cgo: boolean;
}

/** What is run to build it, in the directory that holds go.mod and go.sum. */
export function goBuildArguments({ main, tags, variables }: GoProgram, output: string): string[] {
  const linked = ['-s', '-w', ...Object.entries(variables).map(([name, value]) => `-X=${name}=${value}`)].join(' ');
  const tagged = tags === undefined ? [] : ['-tags', tags];
  return [
    'build',
    '-mod=readonly',
    '-trimpath',
    '-buildvcs=false',
    ...tagged,
    `-ldflags=${linked}`,
    '-o',
    output,
    main,
  ];
}

/** The pinned files and flags, for the cache key. */
export async function goRecipe(workshop: Workshop, program: GoProgram): Promise<string[]> {
  const directory = recipeDirectory(workshop, program);
  const pins = await Promise.all(['go.mod', 'go.sum'].map((name) => readFile(path.join(directory, name), 'utf8')));
  return [...pins, ...goBuildArguments(program, '')];
}

const recipeDirectory = ({ home }: Workshop, { recipe }: GoProgram): string =>
  path.join(home, 'toolchain', 'go', recipe);

/**
 * Fetches the sources (Go verifies them against go.sum) and compiles.
 * @param scratch a directory for the copy of go.mod and go.sum
 * @param env further environment of the compiler
 */
export async function buildGoProgram(
  workshop: Workshop,
  go: string,
  program: GoProgram,
  { scratch, output, env }: { scratch: string; output: string; env?: NodeJS.ProcessEnv },
): Promise<void> {
  await fetchGoSources(workshop, go, program, scratch);
  // GOTMPDIR: what a killed compiler leaves goes away with the rest
  const settings = { ...goSettings(program), GOTMPDIR: scratch, ...env };
  await workshop.compile(async () => {
    workshop.progress(`compiling ${program.recipe}`);
    await run(workshop, [go, ...goBuildArguments(program, output)], { cwd: scratch, env: settings });
  });
}

/** Nothing that the user set for modules of their own has a say here. */
function goSettings({ cgo }: GoProgram): NodeJS.ProcessEnv {
  return { GOWORK: 'off', GOFLAGS: '', CGO_ENABLED: cgo ? '1' : '0' };
}

/** Downloads only what the program imports; `go mod download` would fetch several times as much. */
async function fetchGoSources(workshop: Workshop, go: string, program: GoProgram, scratch: string): Promise<void> {
  await mkdir(scratch, { recursive: true });
  await cp(recipeDirectory(workshop, program), scratch, { recursive: true });
  workshop.progress(`fetching the sources of ${program.recipe}`);
  const tagged = program.tags === undefined ? [] : ['-tags', program.tags];
  const argv = [go, 'list', '-mod=readonly', ...tagged, '-deps', '-f', '{{.ImportPath}}', program.main];
  await run(workshop, argv, { cwd: scratch, env: goSettings(program) });
}

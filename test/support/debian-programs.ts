import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { built } from '../../toolchain/cache.js';
import { run } from '../../toolchain/command.js';
import { openWorkshop } from '../../toolchain/workshop.js';
import { repository } from './project.js';

/** A program that finds its shared libraries by the environment it is started with. */
export interface DebianProgram {
  readonly path: string;
  /** Added to the environment of the caller: `LD_LIBRARY_PATH`. */
  readonly env: Readonly<Record<string, string>>;
}

/** Programs that tests run. */
export interface DebianPrograms {
  /** Path of `docker-registry`. */
  readonly registry: string;
  /** Path of `nginx`. */
  readonly nginx: string;
  readonly haproxy: DebianProgram;
  readonly prometheus: DebianProgram;
  readonly promtool: DebianProgram;
}

const packages = ['docker-registry', 'nginx', 'haproxy', 'prometheus'];
/** What `haproxy` is linked with and a minimal system lacks. */
const libraries = ['liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'];
/** Opened before a test can give the loader a cache of its own by the environment. */
const workshop = openWorkshop({ home: repository });

/**
 * Debian's packages, unpacked into the user's cache and not installed: that takes no root, starts no service, and
 * several test processes may ask at once.
 */
export async function debianPrograms(): Promise<DebianPrograms> {
  const wanted = [...packages, ...libraries];
  const { directory } = await built(workshop, { name: 'test-programs', recipe: wanted }, async (into) => {
    await run(workshop, ['apt-get', 'download', ...wanted], { cwd: into });
    const archives = (await readdir(into)).filter((name) => name.endsWith('.deb'));
    for (const archive of archives) {
      await run(workshop, ['dpkg-deb', '--extract', archive, into], { cwd: into });
      await rm(path.join(into, archive));
    }
  });
  const env = { LD_LIBRARY_PATH: await libraryFolder(directory) };
  const program = (file: string): DebianProgram => ({ path: existing(directory, file), env });
  return {
    registry: existing(directory, 'usr/bin/docker-registry'),
    nginx: existing(directory, 'usr/sbin/nginx'),
    haproxy: program('usr/sbin/haproxy'),
    prometheus: program('usr/bin/prometheus'),
    promtool: program('usr/bin/promtool'),
  };
}

function existing(directory: string, file: string): string {
  const program = path.join(directory, file);
  if (existsSync(program)) return program;
  throw new Error(`${packages.join(', ')} of this distribution bring no ${file}`);
}

/** Debian keeps libraries in a folder that is named after the architecture: `usr/lib/x86_64-linux-gnu`. */
async function libraryFolder(directory: string): Promise<string> {
  const folders = await readdir(path.join(directory, 'usr/lib'));
  const own = folders.find((name) => name.endsWith('-linux-gnu'));
  return path.join(directory, 'usr/lib', own ?? '');
}

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { built } from '../../toolchain/cache.js';
import { run } from '../../toolchain/command.js';
import { openWorkshop } from '../../toolchain/workshop.js';
import { repository } from './project.js';

/** Paths of programs that tests run. */
export interface DebianPrograms {
  readonly registry: string;
  readonly nginx: string;
}

const packages = ['docker-registry', 'nginx'];
/** Opened before a test can give the loader a cache of its own by the environment. */
const workshop = openWorkshop({ home: repository });

/**
 * Debian's `docker-registry` and `nginx`, unpacked into the user's cache and not installed: that takes no root, starts
 * no service, and several test processes may ask at once.
 */
export async function debianPrograms(): Promise<DebianPrograms> {
  const { directory } = await built(workshop, { name: 'test-programs', recipe: packages }, async (into) => {
    await run(workshop, ['apt-get', 'download', ...packages], { cwd: into });
    const archives = (await readdir(into)).filter((name) => name.endsWith('.deb'));
    for (const archive of archives) await run(workshop, ['dpkg-deb', '--extract', archive, into], { cwd: into });
  });
  const programs = {
    registry: path.join(directory, 'usr/bin/docker-registry'),
    nginx: path.join(directory, 'usr/sbin/nginx'),
  };
  for (const program of Object.values(programs))
    if (!existsSync(program)) throw new Error(`${packages.join(' and ')} of this distribution bring no ${program}`);
  return programs;
}

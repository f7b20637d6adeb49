import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Changes when the toolkit's own part of a gateway does: its programs inside HAProxy, and what renders its files. Without
 * it an update of the toolkit, which may mend the door, would reach no gateway that is deployed.
 */
export function gatewaySources(directory: string): string {
  const hash = createHash('sha256');
  for (const name of filesIn(directory))
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(directory, name)))
      .update('\0');
  return hash.digest('hex');
}

/** Paths below a directory, sorted; none where there is no directory. */
function filesIn(directory: string, below = ''): string[] {
  try {
    const entries = readdirSync(join(directory, below), { withFileTypes: true });
    const paths = entries.flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() ? filesIn(directory, path) : [path];
    });
    return paths.toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

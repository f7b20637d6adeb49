import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Resolved } from '../manifest/resolved.js';

/** Where a project keeps what was settled on. */
export function resolvedFile(cwd: string): string {
  return path.join(cwd, '.toolchain', 'resolved.json');
}

/** What was settled on before; undefined when there is nothing, or nothing that can be read: it is made anew then. */
export async function readResolved(cwd: string): Promise<Resolved | undefined> {
  try {
    const value = JSON.parse(await readFile(resolvedFile(cwd), 'utf8')) as Partial<Resolved>;
    const whole = value.engine?.host && value.terraform?.path && value.provider?.version && value.images;
    return whole ? (value as Resolved) : undefined;
  } catch {
    return undefined;
  }
}

/** Writes it in one step, so that nobody reads half of it. */
export async function writeResolved(cwd: string, resolved: Resolved): Promise<void> {
  const file = resolvedFile(cwd);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.${process.pid}`, `${JSON.stringify(resolved, undefined, 2)}\n`);
  await rename(`${file}.${process.pid}`, file);
}

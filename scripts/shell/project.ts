import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseLock } from '../../manifest/lock-text.js';
import { lockPathOf, type Lock } from '../../manifest/lock.js';
import type { Manifest } from '../../manifest/manifest.js';
import { exitCode } from './exit-code.js';
import { Failure, ManifestProblem, UsageError } from './problem.js';

/** Which manifest a verb works on, read but not yet parsed. */
export interface ProjectFile {
  /** As it is shown, relative to the working directory. */
  readonly file: string;
  readonly profile?: string;
  readonly text: string;
  /** Text of the lock beside the manifest; absent when there is none. */
  readonly lock?: string;
}

/** A parsed manifest, and what it was made of besides its own text. */
export interface ParsedProject {
  /** Its servers are those that are deployed: `placement` and `replicas` are done. */
  readonly manifest: Manifest;
  /** Text of every file that the manifest names, by the path it writes; null when there is none. */
  readonly files: Readonly<Record<string, string | null>>;
}

/** Reads the manifest that the flags, or OLLAMA_STACKS_FILE and OLLAMA_STACKS_PROFILE, name. */
export async function readProject(
  flags: { readonly file?: string | undefined; readonly profile?: string | undefined },
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProjectFile> {
  const file = flags.file ?? env['OLLAMA_STACKS_FILE'] ?? 'models.yaml';
  const profile = flags.profile ?? env['OLLAMA_STACKS_PROFILE'];
  try {
    const [text, lock] = await Promise.all([readFile(file, 'utf8'), readIfPresent(lockPathOf(file))]);
    return { file, text, ...(profile ? { profile } : {}), ...(lock === undefined ? {} : { lock }) };
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new UsageError(
      `cannot read the manifest ${path.resolve(file)}: ${reason}`,
      'go to the directory of your models.yaml, or name it with --file',
    );
  }
}

/** @throws ManifestProblem with every diagnostic, formatted */
export async function parseProject(project: ProjectFile, env: NodeJS.ProcessEnv = process.env): Promise<Manifest> {
  return (await parseWithFiles(project, env)).manifest;
}

/** As `parseProject`, with the files that it read. */
export async function parseWithFiles(
  project: ProjectFile,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ParsedProject> {
  const { parseManifest } = await import('../../manifest/parse.js');
  const { formatDiagnostics } = await import('../../manifest/diagnostics.js');
  const files: Record<string, string | null> = {};
  const readText = (name: string): string | undefined => {
    const text = textBeside(project.file, name);
    files[name] = text ?? null;
    return text;
  };
  const { manifest, diagnostics } = parseManifest(project.text, { profile: project.profile, env, readText });
  if (!manifest) throw new ManifestProblem(formatDiagnostics(diagnostics, project.file).join('\n'));
  for (const line of formatDiagnostics(diagnostics, project.file)) process.stderr.write(`${line}\n`);
  return { manifest: await placed(manifest, project), files };
}

/** A lock that cannot be read tells no sizes; the verbs that need one say so themselves. */
async function placed(manifest: Manifest, { lock }: ProjectFile): Promise<Manifest> {
  if (manifest.servers.every((server) => server.placement === undefined && server.replicas === undefined))
    return manifest;
  const { placedManifest } = await import('../../manifest/placement.js');
  const { lockedContents } = await import('../../manifest/locked-contents.js');
  return placedManifest(manifest, lockedContents(manifest, lock === undefined ? undefined : parseLock(lock).lock));
}

/** Text of a file that a manifest names; undefined for one that cannot be read, which the parser reports. */
function textBeside(manifestFile: string, name: string): string | undefined {
  try {
    return readFileSync(path.resolve(path.dirname(manifestFile), name), 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * The lock of a project; undefined when it has none.
 * @throws Failure that names the place in the file
 */
export function openLock({ file, lock: text }: ProjectFile): Lock | undefined {
  if (text === undefined) return undefined;
  const { lock, problem } = parseLock(text);
  if (lock !== undefined) return lock;
  const line = problem.line === undefined ? '' : `:${problem.line}`;
  const message = `${lockPathOf(file)}${line}: ${problem.message}`;
  throw new Failure([{ code: 'lock', message, next: problem.hint }], exitCode.usage);
}

/**
 * Changes when anything changes that is known without parsing: the text of the manifest, the lock, the profile, the
 * variables it names. What the files it names say is not among it.
 */
export function projectKey({ file, profile, text, lock }: ProjectFile, env: NodeJS.ProcessEnv = process.env): string {
  const names = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name as string);
  const variables = [...new Set(names)].map((name) => [name, env[name] ?? null]);
  return createHash('sha256')
    .update(JSON.stringify([file, profile ?? null, text, variables, lock ?? null]))
    .digest('hex');
}

async function readIfPresent(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Environment for child processes that read the same manifest (`synth`, cdktf). */
export function projectEnvironment({ file, profile }: ProjectFile, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, OLLAMA_STACKS_FILE: file, ...(profile ? { OLLAMA_STACKS_PROFILE: profile } : {}) };
}

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Manifest } from '../../manifest/manifest.js';
import { ManifestProblem, UsageError } from './problem.js';

/** Which manifest a verb works on, read but not yet parsed. */
export interface ProjectFile {
  /** As it is shown, relative to the working directory. */
  readonly file: string;
  readonly profile?: string;
  readonly text: string;
}

/** Reads the manifest that the flags, or OLLAMA_STACKS_FILE and OLLAMA_STACKS_PROFILE, name. */
export async function readProject(
  flags: { readonly file?: string | undefined; readonly profile?: string | undefined },
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProjectFile> {
  const file = flags.file ?? env['OLLAMA_STACKS_FILE'] ?? 'models.yaml';
  const profile = flags.profile ?? env['OLLAMA_STACKS_PROFILE'];
  try {
    return { file, text: await readFile(file, 'utf8'), ...(profile ? { profile } : {}) };
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
  const { parseManifest } = await import('../../manifest/parse.js');
  const { formatDiagnostics } = await import('../../manifest/diagnostics.js');
  const { manifest, diagnostics } = parseManifest(project.text, { profile: project.profile, env });
  if (!manifest) throw new ManifestProblem(formatDiagnostics(diagnostics, project.file).join('\n'));
  for (const line of formatDiagnostics(diagnostics, project.file)) process.stderr.write(`${line}\n`);
  return manifest;
}

/** Changes when anything changes that the manifest is made of: its text, the profile, the variables it names. */
export function projectKey({ file, profile, text }: ProjectFile, env: NodeJS.ProcessEnv = process.env): string {
  const names = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name as string);
  const variables = [...new Set(names)].map((name) => [name, env[name] ?? null]);
  return createHash('sha256')
    .update(JSON.stringify([file, profile ?? null, text, variables]))
    .digest('hex');
}

/** Environment for child processes that read the same manifest (`synth`, cdktf). */
export function projectEnvironment({ file, profile }: ProjectFile, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, OLLAMA_STACKS_FILE: file, ...(profile ? { OLLAMA_STACKS_PROFILE: profile } : {}) };
}

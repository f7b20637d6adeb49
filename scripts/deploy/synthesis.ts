import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Manifest } from '../../manifest/manifest.js';
import type { Resolved } from '../../manifest/resolved.js';
import { exitCode } from '../shell/exit-code.js';
import { Failure } from '../shell/problem.js';
import { parseProject, type ProjectFile, projectEnvironment, projectKey } from '../shell/project.js';
import type { SynthesizedStack } from './synthesized-stack.js';

/** What the last synth was made from, so that an unchanged project is neither parsed nor synthesized again. */
interface Stamp {
  /** Hash of what the manifest is made of, and of the program that made it. */
  readonly project: string;
  /** Hash of what the toolchain settled on. */
  readonly resolved: string;
  /** Hash of the Terraform JSON; another synth, with another profile or by cdktf, makes it differ. */
  readonly output: string;
  readonly manifest: Manifest;
}

const stampFile = path.join('cdktf.out', 'ollama-stacks.json');

/** Directory of the synthesized stack, relative to the working directory. */
export const stackDirectory = (project: string): string => path.join('cdktf.out', 'stacks', project);

/** The manifest: remembered when it was synthesized from exactly this before, else parsed. */
export async function openManifest(project: ProjectFile): Promise<Manifest> {
  const stamp = await readStamp();
  return stamp?.project === programKey(project) ? stamp.manifest : parseProject(project);
}

/** The Terraform JSON of a project, synthesized unless the last one is still good. */
export async function synthesize(
  project: ProjectFile,
  manifest: Manifest,
  resolved: Resolved,
): Promise<SynthesizedStack> {
  const file = path.join(stackDirectory(manifest.project), 'cdk.tf.json');
  const wanted = { project: programKey(project), resolved: sha256(JSON.stringify(resolved)) };
  const stamp = await readStamp();
  if (stamp?.project === wanted.project && stamp.resolved === wanted.resolved) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (sha256(text) === stamp.output) return JSON.parse(text) as SynthesizedStack;
  }
  await runSynth(project);
  const text = await readFile(file, 'utf8');
  await writeStamp({ ...wanted, output: sha256(text), manifest });
  return JSON.parse(text) as SynthesizedStack;
}

/** `stacks` runs as a process of its own: the two layers meet in files only. */
async function runSynth(project: ProjectFile): Promise<void> {
  const program = path.join(process.env.OLLAMA_STACKS_HOME ?? '.', 'bin', 'ollama-stacks.mjs');
  const env = projectEnvironment(project, process.env);
  const child = spawn(process.execPath, [program, 'synth'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? exitCode.failed));
  });
  if (code === exitCode.fine) return;
  throw new Failure([{ code: 'synth', message: 'the Terraform configuration could not be made', original: said }]);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const programKey = (project: ProjectFile): string =>
  sha256(JSON.stringify([projectKey(project), process.env.OLLAMA_STACKS_BUILD ?? null]));

async function readStamp(): Promise<Stamp | undefined> {
  try {
    return JSON.parse(await readFile(stampFile, 'utf8')) as Stamp;
  } catch {
    // Absent, or cut off by an interruption: synthesize again.
    return undefined;
  }
}

async function writeStamp(stamp: Stamp): Promise<void> {
  await mkdir(path.dirname(stampFile), { recursive: true });
  await writeFile(stampFile, JSON.stringify(stamp));
}

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Manifest } from '../../manifest/manifest.js';
import type { Resolved } from '../../manifest/resolved.js';
import { exitCode } from '../shell/exit-code.js';
import { Failure } from '../shell/problem.js';
import { parseWithFiles, type ProjectFile, projectEnvironment, projectKey } from '../shell/project.js';
import type { SynthesizedStack } from './synthesized-stack.js';

/** What the last synth was made from, so that an unchanged project is neither parsed nor synthesized again. */
interface Stamp {
  /** Hash of what the manifest is made of, and of the program that made it. */
  readonly project: string;
  readonly files: FileHashes;
  /** Hash of what the toolchain settled on. */
  readonly resolved: string;
  /** Hash of the Terraform JSON; another synth, with another profile or by cdktf, makes it differ. */
  readonly output: string;
  readonly manifest: Manifest;
}

/** Hash of each file that the manifest names, by the path it writes; null when there is none. */
type FileHashes = Readonly<Record<string, string | null>>;

const stampFile = path.join('cdktf.out', 'ollama-stacks.json');

/** Directory of the synthesized stack, relative to the working directory. */
export const stackDirectory = (project: string): string => path.join('cdktf.out', 'stacks', project);

/** What the manifests of this process were read from, for the stamp that is written after their synth. */
const readFrom = new WeakMap<Manifest, FileHashes>();

/** The manifest: remembered when it was synthesized from exactly this before, else parsed. */
export async function openManifest(project: ProjectFile): Promise<Manifest> {
  const stamp = await readStamp();
  if (stamp?.project === programKey(project) && (await areUnchanged(project, stamp.files))) {
    readFrom.set(stamp.manifest, stamp.files);
    return stamp.manifest;
  }
  const { manifest, files } = await parseWithFiles(project);
  const hashes = Object.entries(files).map(([name, text]) => [name, text === null ? null : sha256(text)]);
  readFrom.set(manifest, Object.fromEntries(hashes) as FileHashes);
  return manifest;
}

/** The Terraform JSON of a project, synthesized unless the last one is still good. */
export async function synthesize(
  project: ProjectFile,
  manifest: Manifest,
  resolved: Resolved,
): Promise<SynthesizedStack> {
  const file = path.join(stackDirectory(manifest.project), 'cdk.tf.json');
  const files = readFrom.get(manifest) ?? {};
  const wanted = { project: programKey(project), files, resolved: sha256(JSON.stringify(resolved)) };
  const stamp = await readStamp();
  if (stamp && isMadeOf(stamp, wanted)) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (sha256(text) === stamp.output) return JSON.parse(text) as SynthesizedStack;
  }
  await runSynth(project);
  const text = await readFile(file, 'utf8');
  await writeStamp({ ...wanted, output: sha256(text), manifest });
  return JSON.parse(text) as SynthesizedStack;
}

function isMadeOf(stamp: Stamp, wanted: Pick<Stamp, 'project' | 'files' | 'resolved'>): boolean {
  const parts = ({ project, files, resolved }: typeof wanted): string => JSON.stringify([project, files, resolved]);
  return parts(stamp) === parts(wanted);
}

async function areUnchanged({ file }: ProjectFile, files: FileHashes): Promise<boolean> {
  const same = Object.entries(files).map(async ([name, hash]) => {
    const text = await readFile(path.resolve(path.dirname(file), name), 'utf8').catch(() => undefined);
    return hash === (text === undefined ? null : sha256(text));
  });
  return (await Promise.all(same)).every(Boolean);
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

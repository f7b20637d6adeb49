import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Manifest, Server } from '../../manifest/manifest.js';
import { parseManifest } from '../../manifest/parse.js';
import { synthesize, type SynthesisOptions } from '../../stacks/main.js';

/** The parts of `cdk.tf.json` that tests look at. */
export interface TerraformJson {
  readonly terraform: {
    readonly backend: { readonly local: { readonly path: string } };
    readonly required_providers: { readonly docker: { readonly version: string } };
  };
  readonly provider: { readonly docker: readonly Readonly<Record<string, unknown>>[] };
  readonly resource: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly output: Readonly<Record<string, { readonly value: unknown }>>;
}

/** One server and one model, to vary from. */
export const baseServer: Server = {
  name: 'main',
  container: 'p-main',
  image: 'ollama/ollama:0.34.0',
  port: 11434,
  gpu: { vendor: 'none' },
  contextLength: 4096,
  env: {},
  store: 'p-models',
  models: ['smollm2:135m'],
};

/** A manifest of these servers; the models are whatever they offer. */
export function manifestOf(...servers: readonly Partial<Server>[]): Manifest {
  const { manifest } = parseManifest('project: p\nmodels: { smollm2:135m: {}, llama3.1:8b: {} }', { env: {} });
  if (manifest === undefined) throw new Error('the manifest under test does not parse');
  return { ...manifest, servers: servers.map((server) => ({ ...baseServer, ...server })) };
}

/** Reads a manifest that must be right. */
export function readManifest(file: string, profile?: string): Manifest {
  const readText = (name: string): string => readFileSync(path.resolve(path.dirname(file), name), 'utf8');
  const { manifest, diagnostics } = parseManifest(readFileSync(file, 'utf8'), { profile, env: {}, readText });
  if (manifest === undefined) throw new Error(`${file}: ${JSON.stringify(diagnostics)}`);
  return manifest;
}

/** Synthesizes in a directory of its own, calls `look` with the directory of the stack, and cleans up. */
function inStack<T>(manifest: Manifest, look: (stackDir: string) => T, resolved?: SynthesisOptions['resolved']): T {
  const project = mkdtempSync(path.join(tmpdir(), 'ollama-stacks-synth-'));
  try {
    return look(synthesizeIn(project, manifest, resolved));
  } finally {
    rmSync(project, { recursive: true });
  }
}

/** Synthesizes as if `project` were both the user's directory and the toolkit's. */
export function synthesizeIn(project: string, manifest: Manifest, resolved?: SynthesisOptions['resolved']): string {
  return synthesize({
    manifest,
    manifestPath: path.join(project, 'models.yaml'),
    projectDir: project,
    outdir: path.join(project, 'cdktf.out'),
    toolkitDir: project,
    resolved,
  });
}

/** The Terraform JSON of a manifest. */
export function terraformJson(manifest: Manifest, resolved?: SynthesisOptions['resolved']): TerraformJson {
  return inStack(manifest, readTerraformJson, resolved);
}

export function readTerraformJson(stackDir: string): TerraformJson {
  return JSON.parse(readFileSync(path.join(stackDir, 'cdk.tf.json'), 'utf8')) as TerraformJson;
}

/** The attributes of the only container of the server of that name. */
export function containerOf(json: TerraformJson, server = 'main'): Readonly<Record<string, unknown>> {
  const found = Object.entries(json.resource['docker_container'] ?? {}).find(([id]) =>
    new RegExp(`^(gapless-)?server-${server}_`).test(id),
  );
  if (found === undefined) throw new Error(`no container of ${server}`);
  return found[1];
}

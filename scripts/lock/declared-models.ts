import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LineCounter } from 'yaml';
import { modelsByKey } from '../../manifest/declaration.js';
import type { Manifest, Model, Registry } from '../../manifest/manifest.js';
import { parseManifest } from '../../manifest/parse.js';
import { treeAt } from '../../manifest/tree-value.js';
import { readYamlTree } from '../../manifest/yaml-tree.js';
import { declarationHash } from '../../ollama/declaration-hash.js';
import { parseProject, type ProjectFile } from '../shell/project.js';

/** Every model that the manifest declares with any of its profiles: one lock serves them all. */
export interface DeclaredModels {
  readonly models: readonly Model[];
  /** By `modelNameKey`. */
  readonly byKey: ReadonlyMap<string, Model>;
  /** `declarationHash` by name. */
  readonly declarations: ReadonlyMap<string, string>;
  readonly registries: readonly Registry[];
  readonly mirror?: string;
  /** Profiles that do not parse here, as where a variable is not set; what only they declare is not known. */
  readonly unknown: readonly string[];
  /** Names that profiles declare otherwise, with the profile; the lock holds what the chosen one, or none, says. */
  readonly differing: readonly { readonly name: string; readonly profile: string }[];
}

/** Parses the manifest as chosen, without a profile, and with every other one. Throws `ManifestProblem` for the chosen one. */
export async function openDeclaredModels(project: ProjectFile): Promise<DeclaredModels> {
  const chosen = await parseProject(project);
  const others = [undefined, ...profilesOf(project.text)].filter((profile) => profile !== project.profile);
  const { profile: named } = project;
  const variants: Variant[] = [{ manifest: chosen, ...(named !== undefined && { profile: named }) }];
  const unknown: string[] = [];
  for (const profile of others) {
    const manifest = parseOther(project, profile);
    if (manifest === undefined) unknown.push(profile ?? 'none');
    else variants.push({ manifest, ...(profile !== undefined && { profile }) });
  }
  return union(variants, unknown);
}

function profilesOf(text: string): string[] {
  if (!text.includes('profiles')) return [];
  const { tree } = readYamlTree(text.replace(/^\uFEFF/, ''), new LineCounter());
  const profiles = tree === undefined ? undefined : treeAt(tree, ['profiles']);
  return profiles?.kind === 'map' ? [...profiles.entries.keys()] : [];
}

function parseOther({ file, text }: ProjectFile, profile: string | undefined): Manifest | undefined {
  const readText = (name: string): string | undefined => {
    try {
      return readFileSync(path.resolve(path.dirname(file), name), 'utf8');
    } catch {
      return undefined;
    }
  };
  return parseManifest(text, { env: process.env, readText, ...(profile !== undefined && { profile }) }).manifest;
}

interface Variant {
  readonly profile?: string;
  readonly manifest: Manifest;
}

function union(variants: readonly Variant[], unknown: readonly string[]): DeclaredModels {
  const models = firstOf(
    variants.flatMap(({ manifest }) => manifest.models),
    ({ name }) => name,
  );
  const registries = firstOf(
    variants.flatMap(({ manifest }) => manifest.registries),
    ({ host }) => host,
  );
  const byKey = modelsByKey(models);
  const declarations = new Map(models.map((model) => [model.name, declarationHash(model, byKey)]));
  const several = variants.length > 1 ? variants : [];
  const differing = several.flatMap(({ profile = 'none', manifest }) => {
    const declared = modelsByKey(manifest.models);
    const others = manifest.models.filter((model) => declarationHash(model, declared) !== declarations.get(model.name));
    return others.map(({ name }) => ({ name, profile }));
  });
  const mirror = variants[0]?.manifest.mirror;
  return { models, byKey, declarations, registries, ...(mirror !== undefined && { mirror }), unknown, differing };
}

function firstOf<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const first = new Map<string, T>();
  for (const item of items) if (!first.has(keyOf(item))) first.set(keyOf(item), item);
  return [...first.values()];
}

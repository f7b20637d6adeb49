import { LineCounter } from 'yaml';
import type { Diagnostic, Finding, PathSegment } from './diagnostics.js';
import { formatPath } from './diagnostics.js';
import { checkEnvironment } from './environment-checks.js';
import { checkEvictions } from './eviction-checks.js';
import { buildGateway, buildObservability } from './gateway-build.js';
import { checkGateway } from './gateway-checks.js';
import { checkGpus } from './gpu-checks.js';
import { checkImage } from './image-checks.js';
import { inlineFiles } from './inlined-files.js';
import { interpolate, type Variables } from './interpolation.js';
import type { Manifest } from './manifest.js';
import { checkModels } from './model-checks.js';
import { buildModels } from './model.js';
import { applyProfile } from './profile.js';
import { checkProfiles } from './profile-checks.js';
import { buildRegistries } from './registry.js';
import { checkRegistries } from './registry-checks.js';
import { manifestSchema, type RawManifest } from './schema.js';
import { checkSecrets } from './secret-checks.js';
import { checkServers, type DeclaredNames } from './server-checks.js';
import { buildServers } from './server.js';
import { TextFiles, type ReadText } from './text-files.js';
import { treeAt, treeOffset, withoutKeys } from './tree-value.js';
import { validate } from './validation.js';
import { readYamlTree, type MapTree, type Tree } from './yaml-tree.js';

export interface ParseOptions {
  /** Name of the overlay under `profiles` to apply. */
  readonly profile?: string;
  /** Values of `${VAR}`. */
  readonly env: Variables;
  /** Reads a file that the manifest names (Modelfile, license, certificate). Left out, there is none. */
  readonly readText?: ReadText;
}

/** A manifest with warnings at most, or everything that keeps it from being one. */
export interface ParseResult {
  readonly manifest?: Manifest;
  readonly diagnostics: readonly Diagnostic[];
  /** Path of every file that was asked for, as the manifest writes it; those that are not there included. */
  readonly reads: readonly string[];
}

interface Checked {
  /** What is valid of the manifest, if anything is. */
  readonly raw?: RawManifest;
  readonly declared: DeclaredNames;
  /** Text of the certificates of the gateway, where it names files. */
  readonly chain?: string;
  readonly findings: readonly Finding[];
  /** The profile applied, for places. */
  readonly tree: Tree;
}

/** Reads the text of a `models.yaml`. Mistakes are returned, all at once, each with its place. */
export function parseManifest(text: string, options: ParseOptions): ParseResult {
  const source = text.replace(/^\uFEFF/, '');
  const lineCounter = new LineCounter();
  const document = readYamlTree(source, lineCounter);
  const root = document.tree;
  const report = (findings: readonly Finding[], tree: Tree | undefined): Diagnostic[] =>
    findings.map((finding) => locate(finding, tree, lineCounter));
  const unreadable = document.findings.some(({ code }) => code.startsWith('yaml'));
  if (unreadable || root?.kind !== 'map') {
    const findings = unreadable ? document.findings : [notAManifest(root)];
    return { diagnostics: report(findings, root), reads: [] };
  }
  const files = new TextFiles(options.readText);
  const { raw, declared, chain, findings, tree } = check(root, options, files);
  const diagnostics = report([...document.findings, ...findings], tree);
  const reads = files.paths;
  if (raw === undefined || diagnostics.some(({ severity }) => severity === 'error')) return { diagnostics, reads };
  const manifest = build(raw, declared, chain);
  const evictions = report(checkEvictions(manifest, declared), tree);
  return { manifest, diagnostics: [...diagnostics, ...evictions], reads };
}

function notAManifest(root: Tree | undefined): Finding {
  const finding = { severity: 'error', path: [], offset: root?.offset ?? 0 } as const;
  if (root !== undefined)
    return { ...finding, code: 'type', message: 'the manifest must be a map of keys such as servers and models' };
  return {
    ...finding,
    code: 'empty',
    message: 'the manifest is empty',
    hint: 'write at least models: { smollm2:135m: {} }',
  };
}

function check(root: MapTree, { profile, env }: ParseOptions, files: TextFiles): Checked {
  const layered = profile === undefined ? { tree: root, findings: [] } : applyProfile(root, profile);
  const plain = withoutKeys(layered.tree, (key) => key === 'profiles' || key.startsWith('x-'));
  const declared = { servers: keysAt(plain, 'servers', ['main']), models: keysAt(plain, 'models', []) };
  const secrets = checkSecrets(plain);
  const filled = interpolate(plain, env);
  const { value, findings: invalid } = validate(filled.tree, manifestSchema);
  const known: Finding[] = [...layered.findings, ...secrets, ...unlessKnown(filled.findings, secrets)];
  known.push(...unlessKnown(invalid, known));
  const inlined = value && inlineFiles(value, files);
  const raw = inlined?.value;
  if (raw !== undefined) {
    const wrong = [
      checkServers(raw, declared),
      checkGateway(raw),
      checkGpus(raw, brokenGpus(known)),
      checkImage(raw),
      checkModels(raw, declared),
    ].flat();
    known.push(
      ...unlessKnown(
        [...(inlined?.findings ?? []), ...wrong, ...checkRegistries(raw), ...checkEnvironment(raw)],
        known,
      ),
    );
  }
  const findings = [...known, ...checkProfiles(root, profile)];
  return { raw, declared, chain: inlined?.chain, findings, tree: layered.tree };
}

/** Servers whose `gpu` is not what the user wrote, because that is wrong. */
function brokenGpus(known: readonly Finding[]): ReadonlySet<string> {
  const broken = known.filter(
    ({ severity, path }) => severity === 'error' && path[0] === 'servers' && path[2] === 'gpu',
  );
  return new Set(broken.map(({ path }) => String(path[1])));
}

function keysAt(tree: Tree, key: string, otherwise: readonly string[]): readonly string[] {
  const found = treeAt(tree, [key]);
  return found?.kind === 'map' ? [...found.entries.keys()] : otherwise;
}

/** Leaves out what only follows from a finding at the same place or above. */
function unlessKnown(findings: readonly Finding[], known: readonly Finding[]): Finding[] {
  const places = new Set(known.filter(({ severity }) => severity === 'error').map(({ path }) => JSON.stringify(path)));
  const covered = (path: readonly PathSegment[]): boolean =>
    path.some((_, index) => places.has(JSON.stringify(path.slice(0, index + 1))));
  return findings.filter(({ path }) => !covered(path));
}

function build(raw: RawManifest, declared: DeclaredNames, chain: string | undefined): Manifest {
  const models = buildModels(raw, declared.models);
  const names = models.map(({ name }) => name);
  const observability = buildObservability(raw.observability);
  return {
    project: raw.project,
    servers: buildServers(raw, declared.servers, names),
    models,
    registries: buildRegistries(raw.registries),
    ...(raw.mirror !== undefined && { mirror: raw.mirror.toLowerCase() }),
    ...(raw.prune && { prune: { keep: raw.keep } }),
    ...(raw.gateway !== undefined && { gateway: buildGateway(raw.gateway, chain) }),
    ...(observability && { observability }),
  };
}

function locate(finding: Finding, tree: Tree | undefined, lineCounter: LineCounter): Diagnostic {
  const { severity, code, message, hint, path } = finding;
  const offset = finding.offset ?? (tree === undefined ? 0 : treeOffset(tree, path, finding.atKey ?? false));
  const { line, col } = lineCounter.linePos(offset);
  return { severity, code, path: formatPath(path), message, hint, line: Math.max(line, 1), column: Math.max(col, 1) };
}

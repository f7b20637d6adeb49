import { certificatesIn } from './certificates.js';
import type { Finding, PathSegment } from './diagnostics.js';
import { parseModelfile, type Modelfile } from './modelfile.js';
import type { RawModel, RawSource } from './model-schema.js';
import { besideFile } from './relative-path.js';
import type { RawManifest } from './schema.js';
import type { TextFiles } from './text-files.js';

/** What the files say beside what replaces their names. */
interface InlinedManifest extends Inlined<RawManifest> {
  /** Text of the certificates of the gateway; absent where it names no file, or a wrong one. */
  readonly chain?: string;
}

interface Inlined<T> {
  readonly value: T;
  readonly findings: readonly Finding[];
}

/** The manifest with the content of every file it names in place of the name: Modelfiles, licenses, certificates. */
export function inlineFiles(manifest: RawManifest, files: TextFiles): InlinedManifest {
  const models = Object.entries(manifest.models).flatMap(([name, model]) =>
    model !== null && namesFile(model) ? [{ name, ...inlineModel(name, model, files) }] : [],
  );
  const registries = Object.entries(manifest.registries).flatMap(([host, registry]) => {
    if (registry?.ca === undefined) return [];
    const { pem, findings } = certificatesOf(registry.ca, files, {
      path: ['registries', host, 'ca'],
      what: `the certificate of registry ${JSON.stringify(host)}`,
      hint: 'name the PEM file of the authority that signed the certificate of the registry',
    });
    return [{ name: host, value: { ...registry, ca: pem ?? registry.ca }, findings }];
  });
  const chain = gatewayChain(manifest.gateway, files);
  const value = {
    ...manifest,
    models: replaced(manifest.models, models),
    registries: replaced(manifest.registries, registries),
  };
  const findings = [...models, ...registries, chain].flatMap((inlined) => inlined.findings);
  return { value, findings, ...(chain.pem !== undefined && { chain: chain.pem }) };
}

/** The same object when nothing changes, because a manifest may have thousands of models. */
function replaced<T>(all: Record<string, T>, changed: readonly { name: string; value: T }[]): Record<string, T> {
  if (changed.length === 0) return all;
  return { ...all, ...Object.fromEntries(changed.map(({ name, value }) => [name, value])) };
}

function namesFile({ from, license }: RawModel): boolean {
  return isModelfile(from) || (license !== undefined && typeof license !== 'string');
}

/** Whether a source is a Modelfile, which stands alone. */
export function isModelfile(from: RawModel['from']): from is { modelfile: string } {
  return typeof from === 'object' && 'modelfile' in from;
}

function inlineModel(name: string, model: RawModel, files: TextFiles): Inlined<RawModel> {
  const license = inlineLicenses(name, model.license, files);
  const own: RawModel = { ...model, license: license.value };
  if (!isModelfile(model.from)) return { value: own, findings: license.findings };
  const { modelfile: file } = model.from;
  const path = ['models', name, 'from', 'modelfile'];
  const text = files.text(file);
  if (text === undefined) {
    const finding = missing(path, file, `the Modelfile of model ${JSON.stringify(name)}`);
    return { value: own, findings: [...license.findings, finding] };
  }
  const { modelfile, problems } = parseModelfile(text);
  const findings = problems.map(({ severity, line, message, hint }) => {
    return { severity, code: 'modelfile', path, message: `${file}:${line}: ${message}`, hint };
  });
  const value = modelfile === undefined ? own : merged(own, modelfile, file);
  return { value, findings: [...license.findings, ...findings] };
}

/** The keys of the manifest win; parameters merge. */
function merged(own: RawModel, modelfile: Modelfile, file: string): RawModel {
  const beside = ({ gguf }: { readonly gguf: string }): RawSource => ({ gguf: besideFile(file, gguf) });
  return {
    ...own,
    from: typeof modelfile.from === 'string' ? modelfile.from : beside(modelfile.from),
    system: own.system ?? modelfile.system,
    template: own.template ?? modelfile.template,
    renderer: own.renderer ?? modelfile.renderer,
    parser: own.parser ?? modelfile.parser,
    requires: own.requires ?? modelfile.requires,
    license: own.license ?? (modelfile.license.length === 0 ? undefined : [...modelfile.license]),
    adapters: own.adapters ?? modelfile.adapters.map(({ gguf }) => besideFile(file, gguf)),
    messages: own.messages ?? [...modelfile.messages],
    parameters: { ...modelfile.parameters, ...own.parameters },
  };
}

function inlineLicenses(name: string, license: RawModel['license'], files: TextFiles): Inlined<RawModel['license']> {
  if (license === undefined || typeof license === 'string') return { value: license, findings: [] };
  const findings: Finding[] = [];
  const inlined = (one: string | { file: string }, path: readonly PathSegment[]): string => {
    if (typeof one === 'string') return one;
    const text = files.text(one.file);
    const what = `the license of model ${JSON.stringify(name)}`;
    if (text === undefined) findings.push(missing([...path, 'file'], one.file, what));
    else if (text.trim() === '') findings.push(empty([...path, 'file'], one.file, what));
    return text ?? '';
  };
  const path = ['models', name, 'license'];
  const value = Array.isArray(license)
    ? license.map((one, index) => inlined(one, [...path, index]))
    : [inlined(license, path)];
  return { value, findings };
}

interface CertificateFile {
  readonly path: readonly PathSegment[];
  /** Whose certificate it is, in words. */
  readonly what: string;
  /** What to name instead of a file without any. */
  readonly hint: string;
}

interface Certificates {
  /** Absent when there is a finding. */
  readonly pem?: string;
  readonly findings: readonly Finding[];
}

function certificatesOf(file: string, files: TextFiles, { path, what, hint }: CertificateFile): Certificates {
  const text = files.text(file);
  if (text === undefined) return { findings: [missing(path, file, what)] };
  const { pem, ...fault } = certificatesIn(text);
  if (pem !== undefined) return { pem, findings: [] };
  const message = `${file}, ${what}, ${'reason' in fault ? fault.reason : 'is none'}`;
  return { findings: [{ severity: 'error', code: 'certificate', path, message, hint }] };
}

/** The key beside it is never read here: a manifest ends up in plans. */
function gatewayChain(gateway: RawManifest['gateway'], files: TextFiles): Certificates {
  const tls = gateway?.tls;
  // Two keys with one file are reported by themselves.
  if (typeof tls !== 'object' || tls.certificate === tls.key) return { findings: [] };
  return certificatesOf(tls.certificate, files, {
    path: ['gateway', 'tls', 'certificate'],
    what: 'the certificate of the gateway',
    hint: 'name a PEM file with the certificate and those it was signed by, and keep the private key in one of its own',
  });
}

function missing(path: readonly PathSegment[], file: string, what: string): Finding {
  const hint = 'create it, or name another file; paths are relative to the manifest';
  return { severity: 'error', code: 'missing-file', path, message: `cannot read ${file}, ${what}`, hint };
}

function empty(path: readonly PathSegment[], file: string, what: string): Finding {
  const hint = 'write its text, or take the key out';
  return { severity: 'error', code: 'empty-file', path, message: `${file}, ${what}, is empty`, hint };
}

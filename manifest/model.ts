import { parseGgufLocation } from './gguf-location.js';
import type { Expectation, GgufSource, Model, ModelSource, ParameterValue, Preload } from './manifest.js';
import { formatModelRef, parseModelRef, type ModelRef } from './model-ref.js';
import { modelSchema, type RawGguf, type RawModel, type RawSource } from './model-schema.js';
import type { RawManifest } from './schema.js';

/** The models of a manifest that passed every check, in the order of `names`: objects put `10` before `b`. */
export function buildModels(manifest: RawManifest, names: readonly string[]): Model[] {
  return names.map((name) => buildModel(name, manifest.models[name] ?? modelSchema.parse({})));
}

function buildModel(name: string, model: RawModel): Model {
  const from = model.from ?? name;
  return {
    name: formatModelRef(checkedRef(name)),
    from: (Array.isArray(from) ? from : [from]).map(buildSource),
    system: model.system,
    template: model.template,
    renderer: model.renderer,
    parser: model.parser,
    requires: model.requires,
    license: buildLicense(model.license),
    adapters: (model.adapters ?? []).map((one) => buildGguf(typeof one === 'string' ? { gguf: one } : one)),
    messages: model.messages ?? [],
    parameters: buildParameters(model.parameters),
    ...(model.preload !== false && { preload: buildPreload(model.preload) }),
    expect: model.expect.map(buildExpectation),
  };
}

function buildSource(source: RawSource): ModelSource {
  if (typeof source === 'string') return { kind: 'registry', ref: checkedRef(source) };
  if ('gguf' in source) return buildGguf(source);
  throw new Error(`Modelfile ${JSON.stringify(source.modelfile)} was not read`);
}

function buildGguf({ gguf, sha256 }: RawGguf): GgufSource {
  const { location } = parseGgufLocation(gguf);
  if (location === undefined) throw new Error(`unchecked GGUF location ${JSON.stringify(gguf)}`);
  return { kind: 'gguf', location, sha256: sha256?.toLowerCase() };
}

function buildLicense(license: RawModel['license']): string[] | undefined {
  if (license === undefined) return undefined;
  return [license].flat().map((one) => {
    if (typeof one === 'string') return one;
    throw new Error(`license ${JSON.stringify(one.file)} was not read`);
  });
}

function buildPreload(preload: Exclude<RawModel['preload'], false>): Preload {
  return { keepAlive: preload === true ? '-1' : String(preload.keep_alive) };
}

function checkedRef(text: string): ModelRef {
  const { ref } = parseModelRef(text);
  if (ref === undefined) throw new Error(`unchecked model name ${JSON.stringify(text)}`);
  return ref;
}

function buildParameters({ stop, ...parameters }: RawModel['parameters']): Record<string, ParameterValue> {
  // Ollama wants `stop` as a list.
  return stop === undefined ? parameters : { ...parameters, stop: typeof stop === 'string' ? [stop] : stop };
}

function buildExpectation(entry: RawModel['expect'][number]): Expectation {
  const { json_schema: jsonSchema, min_tokens_per_second: minTokensPerSecond, ...same } = entry;
  return { ...same, jsonSchema, minTokensPerSecond };
}

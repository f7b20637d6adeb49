import { parseGgufLocation } from './gguf-location.js';
import type { Expectation, Model, ModelSource, ParameterValue } from './manifest.js';
import { formatModelRef, parseModelRef, type ModelRef } from './model-ref.js';
import { modelSchema, type RawModel } from './model-schema.js';
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
    license: typeof model.license === 'string' ? [model.license] : model.license,
    adapters: [],
    messages: [],
    parameters: buildParameters(model.parameters),
    ...(model.preload && { preload: { keepAlive: '-1' } }),
    expect: model.expect.map(buildExpectation),
  };
}

function buildSource(source: string | { gguf: string; sha256?: string | undefined }): ModelSource {
  if (typeof source === 'string') return { kind: 'registry', ref: checkedRef(source) };
  const { location } = parseGgufLocation(source.gguf);
  if (location === undefined) throw new Error(`unchecked GGUF location ${JSON.stringify(source.gguf)}`);
  return { kind: 'gguf', location, sha256: source.sha256?.toLowerCase() };
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

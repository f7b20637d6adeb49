import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import type { GatewayPlan } from '../../manifest/gateway-plan.js';
import type { LoadPlan } from '../../manifest/load-plan.js';
import type { Manifest } from '../../manifest/manifest.js';
import { parseManifest } from '../../manifest/parse.js';
import type { SynthesisOptions } from '../../stacks/main.js';
import { readTerraformJson, synthesizeIn, type TerraformJson } from './synthesis.js';

/** Two replicas and a server with a port of its own behind a gateway. */
export const text = 'gateway:\nservers: { main: { replicas: 2 }, local: { port: 1 } }\nmodels: { a: {} }';
/** The same with what watches it. */
export const watched = text.replace('gateway:', 'gateway:\nobservability: true');

/** What is written for a project with a gateway. */
export interface Synthesized {
  readonly json: TerraformJson;
  readonly plan: GatewayPlan;
  readonly load: LoadPlan;
}

/** The manifest of project `p` with this text, which must be right. */
export function parse(declared: string): Manifest {
  const { manifest, diagnostics } = parseManifest(`project: p\n${declared}\n`, { env: {} });
  if (manifest === undefined) throw new Error(JSON.stringify(diagnostics));
  return manifest;
}

/** Synthesizes in a directory of its own, or in one that stays. */
export function synthesized(
  manifest: Manifest,
  resolved?: SynthesisOptions['resolved'],
  directory?: string,
): Synthesized {
  const project = directory ?? mkdtempSync(path.join(tmpdir(), 'ollama-stacks-gateway-'));
  try {
    const stackDir = synthesizeIn(project, manifest, resolved);
    const read = (name: string): unknown => JSON.parse(readFileSync(path.join(stackDir, name), 'utf8'));
    return {
      json: readTerraformJson(stackDir),
      plan: read('gateway.json') as GatewayPlan,
      load: read('load-p-models.json') as LoadPlan,
    };
  } finally {
    if (directory === undefined) rmSync(project, { recursive: true });
  }
}

export type Resource = Readonly<Record<string, unknown>>;

/** Every resource, without what cdktf writes about itself. */
export function resources(json: TerraformJson): [address: string, resource: Resource][] {
  return Object.entries(json.resource).flatMap(([type, all]) =>
    Object.entries(all).map(([id, { '//': about, ...resource }]): [string, Resource] => {
      void about;
      return [`${type}.${id}`, resource];
    }),
  );
}

/** The address without the hash that cdktf appends. */
export function constructOf(address: string): string {
  return address.replace(/_[0-9A-F]{8}$/, '');
}

/** The only resource of this type and construct. */
export function only(json: TerraformJson, name: string): Resource {
  const found = resources(json).filter(([address]) => constructOf(address) === name);
  expect(found).toHaveLength(1);
  return found[0]![1];
}

/** What the toolchain says of an image. */
export function image(reference: string) {
  return { version: '', source: '', reference };
}

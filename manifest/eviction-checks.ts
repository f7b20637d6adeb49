import type { Finding } from './diagnostics.js';
import type { Manifest, Model, Server } from './manifest.js';
import { Lineages, type Lineage } from './model-lineage.js';
import type { DeclaredNames } from './server-checks.js';

/** Options of the process that runs a model (`Runner` of api/types.go), with what holds where none is set. */
const runnerOptions: Readonly<Record<string, string>> = {
  num_ctx: '',
  num_batch: "ollama's own",
  num_gpu: '-1',
  main_gpu: '0',
  use_mmap: "ollama's own",
  num_thread: '0',
  draft_num_predict: "ollama's own",
};

interface Offered {
  readonly model: Model;
  /** Key under `models`. */
  readonly key: string;
  readonly lineage: Lineage;
}

/**
 * Warns of models that evict each other. Ollama keeps one runner per file of weights and starts it anew when its options
 * or adapters differ (`needsReload` of server/sched.go). A model is held against the first one of its source.
 */
export function checkEvictions(manifest: Manifest, declared: DeclaredNames): Finding[] {
  const lineages = new Lineages(manifest.models);
  const offers = new Map(
    manifest.models.map((model, index): [string, Offered] => [
      model.name,
      { model, key: declared.models[index] ?? model.name, lineage: lineages.of(model) },
    ]),
  );
  const findings = manifest.servers.flatMap((server) => {
    const firsts = new Map<string, Offered>();
    return server.models.flatMap((name): Finding[] => {
      const offered = offers.get(name);
      const first = offered && firsts.get(offered.lineage.source);
      if (offered && !first) firsts.set(offered.lineage.source, offered);
      return offered && first ? compare(first, offered, server) : [];
    });
  });
  // Two servers that offer the same two models say the same.
  return [...new Map(findings.map((finding) => [`${finding.path.join('\n')}\n${finding.message}`, finding])).values()];
}

function compare(first: Offered, second: Offered, server: Server): Finding[] {
  return [...Object.keys(runnerOptions), 'adapters'].flatMap((option): Finding[] => {
    const [one, other] = [valueOf(option, first.lineage, server), valueOf(option, second.lineage, server)];
    if (one === other) return [];
    const names = `${JSON.stringify(first.key)} and ${JSON.stringify(second.key)}`;
    const message = `${names} share their weights but not ${option} (${one} and ${other}), so each request to one unloads the other`;
    const hint = `give both the same ${option}, or offer them on two servers`;
    const path = ['models', second.key];
    if (option === 'adapters') path.push(...(second.model.adapters.length > 0 ? ['adapters'] : []));
    else if (second.model.parameters[option] !== undefined) path.push('parameters', option);
    return [{ severity: 'warning', code: 'eviction', path, message, hint, atKey: true }];
  });
}

function valueOf(option: string, { parameters, adapters }: Lineage, server: Server): string {
  if (option === 'adapters') return adapters.length === 0 ? 'none' : adapters.join(', ');
  const value = parameters[option];
  if (value !== undefined) return String(value);
  return option === 'num_ctx' ? String(server.contextLength) : (runnerOptions[option] ?? '');
}

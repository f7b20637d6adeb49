import type { RolloutEvent } from '../../gateway/rollout-event.js';
import type { LoadEvent } from '../../ollama/load-event.js';

export type ChangeAction = 'create' | 'update' | 'replace' | 'delete' | 'read' | 'noop';

/** One line of `terraform … -json`, reduced to what we show. https://developer.hashicorp.com/terraform/internals/machine-readable-ui */
export type TerraformEvent =
  | { readonly type: 'planned'; readonly address: string; readonly action: ChangeAction }
  | {
      readonly type: 'summary';
      readonly operation: string;
      readonly add: number;
      readonly change: number;
      readonly remove: number;
    }
  | { readonly type: 'started'; readonly address: string; readonly action: ChangeAction }
  | { readonly type: 'done'; readonly address: string; readonly action: ChangeAction; readonly seconds: number }
  | { readonly type: 'failed'; readonly address: string; readonly action: ChangeAction }
  | { readonly type: 'load'; readonly address: string; readonly event: LoadEvent }
  | { readonly type: 'rollout'; readonly address: string; readonly event: RolloutEvent }
  | { readonly type: 'output'; readonly address: string; readonly text: string }
  | {
      readonly type: 'diagnostic';
      readonly severity: 'error' | 'warning';
      readonly summary: string;
      readonly detail: string;
      readonly address?: string;
    };

interface Line {
  readonly type?: string;
  readonly '@message'?: string;
  readonly change?: { readonly resource: { readonly addr: string }; readonly action: string };
  readonly changes?: {
    readonly operation: string;
    readonly add: number;
    readonly change: number;
    readonly remove: number;
  };
  readonly hook?: {
    readonly resource: { readonly addr: string };
    readonly action: string;
    readonly elapsed_seconds?: number;
    readonly output?: string;
  };
  readonly diagnostic?: {
    readonly severity: 'error' | 'warning';
    readonly summary: string;
    readonly detail: string;
    readonly address?: string;
  };
}

/** The event of a line, or nothing for a line that says nothing a person wants to read. */
export function parseTerraformEvent(text: string): TerraformEvent | undefined {
  const line: Line | undefined = parseObject(text);
  if (!line) return undefined;
  const { change, changes, hook, diagnostic } = line;
  if (line.type === 'planned_change' && change) {
    return { type: 'planned', address: change.resource.addr, action: change.action as ChangeAction };
  }
  if (line.type === 'change_summary' && changes) {
    return {
      type: 'summary',
      operation: changes.operation,
      add: changes.add,
      change: changes.change,
      remove: changes.remove,
    };
  }
  if (line.type === 'diagnostic' && diagnostic) {
    const { severity, summary, detail, address } = diagnostic;
    return { type: 'diagnostic', severity, summary, detail, ...(address ? { address } : {}) };
  }
  return hook ? hookEvent(line.type ?? '', hook) : undefined;
}

function hookEvent(type: string, hook: NonNullable<Line['hook']>): TerraformEvent | undefined {
  const address = hook.resource.addr;
  const action = hook.action as ChangeAction;
  if (type === 'apply_start') return { type: 'started', address, action };
  if (type === 'apply_complete') return { type: 'done', address, action, seconds: hook.elapsed_seconds ?? 0 };
  if (type === 'apply_errored') return { type: 'failed', address, action };
  if (type !== 'provision_progress' || hook.output === undefined) return undefined;
  // Terraform's own word on the command it is about to run.
  if (hook.output.startsWith('Executing: [')) return undefined;
  const event = parseObject(hook.output.trim()) as LoadEvent | RolloutEvent | undefined;
  if (!event?.type) return { type: 'output', address, text: hook.output.trimEnd() };
  return event.type === 'rollout' ? { type: 'rollout', address, event } : { type: 'load', address, event };
}

function parseObject(text: string): object | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    // A line that was cut off mid-write, or text of a program that begins with a brace.
    return undefined;
  }
}

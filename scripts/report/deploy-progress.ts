import { formatBytes } from '../../manifest/units.js';
import type { RolloutStep } from '../../gateway/rollout-event.js';
import type { LoadEvent } from '../../ollama/load-event.js';
import type { ResourceLabel } from '../deploy/synthesized-stack.js';
import type { ChangeAction, TerraformEvent } from '../deploy/terraform-event.js';
import { movement } from './rollout-line.js';
import { row } from './row.js';
import type { Screen } from './screen.js';
import { style } from './style.js';
import { advance, formatTransfer, type Transfer } from './transfer.js';

/** Where nothing is redrawn, a model says when it is done with one thing and begins another, and this often that it goes on. */
const quietMs = 10_000;

/** The steps worth a line of their own; Ollama names each layer besides. */
const steps = new Set(['downloading', 'uploading', 'creating', 'pulling manifest']);

const pastTense: Readonly<Partial<Record<ChangeAction, string>>> = {
  create: 'started',
  update: 'changed',
  replace: 'replaced',
  delete: 'stopped and removed',
};

const otherPastTense: typeof pastTense = {
  create: 'created',
  update: 'changed',
  replace: 'replaced',
  delete: 'removed',
};

interface LoadingModel {
  readonly status: string;
  readonly transfer?: Transfer;
  readonly spokenAt: number;
}

/** Draws an apply or a destroy out of Terraform's events and those of the loader. */
export class DeployProgress {
  readonly #running = new Map<
    string,
    { readonly label: ResourceLabel; readonly at: number; readonly action: ChangeAction }
  >();
  readonly #models = new Map<string, LoadingModel>();
  readonly #sources = new Map<string, string>();
  /** What is done about requests right now. */
  #moving: string | undefined;

  constructor(
    private readonly labels: ReadonlyMap<string, ResourceLabel>,
    private readonly screen: Screen,
    private readonly now: () => number = () => performance.now(),
  ) {}

  handle(event: TerraformEvent): void {
    if (event.type === 'load') this.#load(event.event);
    if (event.type === 'rollout') this.#rollout(event.event);
    if (event.type === 'started') this.#start(event.address, event.action);
    if (event.type === 'done') this.#done(event.address, event.action);
    if (event.type === 'failed') this.#running.delete(event.address);
    this.#draw();
  }

  /** Removes what moves. */
  end(): void {
    this.screen.live([]);
  }

  #start(address: string, action: ChangeAction): void {
    const label = this.labels.get(address);
    if (label) this.#running.set(address, { label, at: this.now(), action });
  }

  #done(address: string, action: ChangeAction): void {
    const running = this.#running.get(address);
    this.#running.delete(address);
    if (!running || !isShown(running.label, action)) return;
    const { kind, name } = running.label;
    const word = (isContainer(running.label) ? pastTense : otherPastTense)[action] ?? action;
    this.screen.print(row(kind, name, word, this.now() - running.at));
  }

  #rollout(step: RolloutStep): void {
    this.#moving = undefined;
    if (step.step === 'certificate') {
      const why = step.reason === undefined ? '' : `: ${step.reason}`;
      this.screen.print(row('gateway', 'certificate', `${step.action}${why}`));
    } else if (step.step === 'warning') this.screen.print(row('gateway', '', style.yellow(step.message)));
    else if (step.step !== 'failed') this.#movement(step);
  }

  #movement(step: Parameters<typeof movement>[0]): void {
    const { servers, what } = movement(step);
    const line = row('gateway', servers, step.step === 'cut' ? style.yellow(what) : what, 'ms' in step ? step.ms : 0);
    const passing = step.step === 'moving' || step.step === 'draining';
    if (passing && this.screen.redraws) this.#moving = line;
    else if (step.step !== 'moving') this.screen.print(line);
  }

  #load(event: LoadEvent): void {
    if (event.type === 'progress') return this.#progress(event);
    if (event.type === 'server')
      this.screen.print(row('server', event.server, `answers as Ollama ${event.version}`, event.ms));
    if (event.type === 'source') {
      this.#sources.set(event.model, event.source);
      for (const { source, reason } of event.skipped)
        this.screen.print(row('model', event.model, `not from ${source}: ${reason}`));
    }
    if (event.type === 'loaded') {
      this.#models.delete(event.model);
      const source = event.action === 'present' ? undefined : this.#sources.get(event.model);
      const what = [formatBytes(event.bytes), event.action, ...(source ? [`from ${source}`] : [])].join('  ');
      this.screen.print(row('model', event.model, what, event.ms));
    }
    if (event.type === 'preloaded') {
      this.#models.delete(event.model);
      this.screen.print(row('model', event.model, `in the memory of ${event.server}`, event.ms));
    }
    if (event.type === 'pruned')
      this.screen.print(row('model', event.model, `removed: no longer declared  frees ${formatBytes(event.bytes)}`));
    if (event.type === 'warning')
      this.screen.print(
        row(event.model === undefined ? 'models' : 'model', event.model ?? '', style.yellow(event.message)),
      );
  }

  #progress({ model, status, completed, total }: LoadEvent & { readonly type: 'progress' }): void {
    const before = this.#models.get(model);
    const at = this.now();
    const transfer = completed !== undefined && total ? advance(before?.transfer, completed, total, at) : undefined;
    const news = before?.status !== status && steps.has(status);
    const speaks = !this.screen.redraws && (news || at - (before?.spokenAt ?? at) >= quietMs);
    const loading = { status, spokenAt: before && !speaks ? before.spokenAt : at, ...(transfer ? { transfer } : {}) };
    this.#models.set(model, loading);
    if (speaks) this.screen.print(modelRow(model, loading));
  }

  #draw(): void {
    const resources = [...this.#running.values()]
      .filter(({ label, action }) => isShown(label, action))
      .map(({ label, action }) => row(label.kind, label.name, action === 'delete' ? 'stopping …' : 'starting …'));
    const models = [...this.#models].map(([name, loading]) => modelRow(name, loading));
    this.screen.live([...resources, ...models, ...(this.#moving === undefined ? [] : [this.#moving])]);
  }
}

const containers: ReadonlySet<ResourceLabel['kind']> = new Set(['server', 'gateway', 'prometheus', 'grafana']);
const isContainer = ({ kind }: ResourceLabel): boolean => containers.has(kind);

/** Loader and rollout speak for themselves, and a store outlives its record. */
function isShown({ kind }: ResourceLabel, action: ChangeAction): boolean {
  if (kind === 'other' || kind === 'models' || kind === 'rollout') return false;
  return kind !== 'volume' || action === 'create';
}

const modelRow = (name: string, { status, transfer }: LoadingModel): string =>
  row('model', name, transfer ? `${status}   ${formatTransfer(transfer)}` : status);

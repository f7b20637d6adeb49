import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { RolloutStep } from '../../../gateway/rollout-event.js';
import type { LoadEvent } from '../../../ollama/load-event.js';
import { labelResources, type SynthesizedStack } from '../../../scripts/deploy/synthesized-stack.js';
import { parseTerraformEvent, type TerraformEvent } from '../../../scripts/deploy/terraform-event.js';
import { DeployProgress } from '../../../scripts/report/deploy-progress.js';

const read = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const labels = labelResources(JSON.parse(read('cdk.tf.json')) as SynthesizedStack, 'scr1');

/** A progress on a screen that remembers; the clock stands unless it is set. */
function recorded(redraws: boolean) {
  const printed: string[] = [];
  const seen = { printed, live: [] as readonly string[], now: 0 };
  const screen = {
    redraws,
    print: (line: string) => printed.push(line),
    live: (lines: readonly string[]) => (seen.live = lines),
  };
  const progress = new DeployProgress(
    labels,
    { ...screen, print: (line) => void screen.print(line), live: (lines) => void screen.live(lines) },
    () => seen.now,
  );
  const load = (event: LoadEvent) => progress.handle({ type: 'load', address: 'terraform_data.loader', event });
  return { progress, seen, load };
}

it('tells a recorded apply', () => {
  const { progress, seen } = recorded(false);
  for (const line of read('apply.ndjson').split('\n')) {
    const event = parseTerraformEvent(line);
    if (event) progress.handle(event);
  }
  expect(seen.printed).toEqual([
    'network    scr1                       created',
    'volume     scr1-models                created',
    'server     main                       started',
    'server     main                       answers as Ollama 0.34.0',
    'model      smollm2:135m               98 MB  present',
  ]);
});

it('draws bytes, rate and time left on a terminal', () => {
  const { seen, load } = recorded(true);
  const pull = (completed: number) =>
    load({ type: 'progress', model: 'm:1', status: 'pulling', completed, total: 100e6 });
  pull(0);
  seen.now = 2000;
  pull(20e6);
  expect(seen.live).toEqual(['model      m:1                        pulling   20 MB of 100 MB   10 MB/s   8.0 s left']);
  load({ type: 'loaded', model: 'm:1', action: 'pulled', digest: 'd', bytes: 100e6, ms: 9000 });
  expect(seen.live).toEqual([]);
  expect(seen.printed).toEqual(['model      m:1                        100 MB  pulled   9.0 s']);
});

it('is sparse where nothing can be redrawn', () => {
  const { seen, load } = recorded(false);
  for (let second = 0; second <= 25; second += 1) {
    seen.now = second * 1000;
    load({ type: 'progress', model: 'm:1', status: 'downloading', completed: second * 1e6, total: 100e6 });
  }
  expect(seen.printed).toHaveLength(3);
  expect(seen.printed[1]).toContain('10 MB of 100 MB');
});

it('says which sources were passed over, and why', () => {
  const { seen, load } = recorded(false);
  load({ type: 'source', model: 'm:1', source: 'file.gguf', skipped: [{ source: 'm:1', reason: 'no answer' }] });
  load({ type: 'loaded', model: 'm:1', action: 'created', digest: 'd', bytes: 5e6, ms: 0 });
  expect(seen.printed).toEqual([
    'model      m:1                        not from m:1: no answer',
    'model      m:1                        5 MB  created  from file.gguf',
  ]);
});

it('tells what was removed and what is worth a look', () => {
  const { seen, load } = recorded(false);
  load({ type: 'pruned', model: 'old:1', bytes: 4.7e9 });
  load({ type: 'warning', model: 'm:1', message: 'shares a blob' });
  load({ type: 'warning', message: 'no room soon' });
  expect(seen.printed).toEqual([
    'model      old:1                      removed: no longer declared  frees 4.7 GB',
    'model      m:1                        shares a blob',
    'models                                no room soon',
  ]);
});

const moving = (...steps: RolloutStep[]): TerraformEvent[] =>
  steps.map((step) => ({ type: 'rollout', address: 'terraform_data.rollout', event: { type: 'rollout', ...step } }));
const servers = ['main-0', 'main-1'];
const rollout: readonly RolloutStep[] = [
  { step: 'certificate', action: 'made', reason: 'there was none' },
  { step: 'moving', servers },
  { step: 'serving', servers, ms: 1200 },
  { step: 'draining', servers: ['main-0-aa'], requests: 2 },
  { step: 'draining', servers: ['main-0-aa'], requests: 0 },
  { step: 'drained', servers: ['main-0-aa'], ms: 20 },
];

it('tells how requests move, and for whom it waits', () => {
  const { progress, seen } = recorded(false);
  for (const event of moving(...rollout)) progress.handle(event);
  expect(seen.printed).toEqual([
    'gateway    certificate                made: there was none',
    'gateway    main-0, main-1             get requests   1.2 s',
    'gateway    main-0-aa                  waiting for 2 requests to end',
    'gateway    main-0-aa                  waiting for idle connections to end',
    'gateway    main-0-aa                  nothing left to answer',
  ]);
});

it('draws the wait where it can, and says what will be cut', () => {
  const { progress, seen } = recorded(true);
  for (const event of moving(...rollout.slice(1, 4))) progress.handle(event);
  expect(seen.live).toEqual(['gateway    main-0-aa                  waiting for 2 requests to end']);
  for (const event of moving({ step: 'cut', servers: ['main-0-aa'], requests: 1, ms: 300_000 })) progress.handle(event);
  expect(seen.live).toEqual([]);
  expect(seen.printed.at(-1)).toContain('1 request did not end in time and will be cut');
});

it('tells the gateway beside the servers', () => {
  const printed: string[] = [];
  const gateway = new Map([
    ['docker_container.g', { kind: 'gateway', name: 'gateway' } as const],
    ['terraform_data.r', { kind: 'rollout', name: 'rollout' } as const],
  ]);
  const screen = { redraws: false, print: (line: string) => void printed.push(line), live: () => undefined };
  const progress = new DeployProgress(gateway, screen, () => 0);
  for (const action of ['create', 'delete'] as const) {
    for (const address of gateway.keys()) {
      progress.handle({ type: 'started', address, action });
      progress.handle({ type: 'done', address, action, seconds: 1 });
    }
  }
  expect(printed).toEqual([
    'gateway    gateway                    started',
    'gateway    gateway                    stopped and removed',
  ]);
});

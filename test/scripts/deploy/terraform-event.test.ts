import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseTerraformEvent } from '../../../scripts/deploy/terraform-event.js';

const recorded = readFileSync(new URL('../fixtures/apply.ndjson', import.meta.url), 'utf8').split('\n');

it('reads a recorded apply', () => {
  const events = recorded.flatMap((line) => parseTerraformEvent(line) ?? []);
  expect(events.map((event) => (event.type === 'load' ? `load ${event.event.type}` : event.type))).toEqual([
    'planned',
    'planned',
    'planned',
    'planned',
    'summary',
    'started',
    'started',
    'done',
    'done',
    'started',
    'done',
    'started',
    'load server',
    'load loaded',
    'done',
    'summary',
  ]);
  expect(events.at(-1)).toEqual({ type: 'summary', operation: 'apply', add: 4, change: 0, remove: 0 });
});

it.each([
  ['no JSON', 'panic: runtime error', undefined],
  ['JSON cut off', '{"type":"apply_st', undefined],
  ['a version line', '{"type":"version","terraform":"1.11.4"}', undefined],
  [
    'a line of a provisioner that is no event',
    '{"type":"provision_progress","hook":{"resource":{"addr":"a.b"},"output":"volume x exists and is not ours"}}',
    { type: 'output', address: 'a.b', text: 'volume x exists and is not ours' },
  ],
  [
    'a diagnostic',
    '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"bad","detail":"very","address":"a.b"}}',
    { type: 'diagnostic', severity: 'error', summary: 'bad', detail: 'very', address: 'a.b' },
  ],
])('%s', (_case, line, event) => {
  expect(parseTerraformEvent(line)).toEqual(event);
});

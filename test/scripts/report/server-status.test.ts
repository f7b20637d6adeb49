import { describe, expect, it } from 'vitest';
import { modelStatuses, type ServerStatus, serverTroubles } from '../../../scripts/report/server-status.js';
import { statusTable } from '../../../scripts/report/status-table.js';

const tags = [
  { name: 'chat:latest', size: 100 },
  { name: 'extra:1', size: 50 },
];
const server: ServerStatus = {
  server: 'main',
  container: 'p-main',
  url: 'http://127.0.0.1:1',
  state: 'running',
  version: '0.34.0',
  models: modelStatuses(['chat:latest'], tags, []),
};

it.each([
  ['not loaded', [], { loaded: false }],
  ['on the CPU', [{ name: 'chat:latest', size: 100, size_vram: 0 }], { loaded: true, gpu: 0 }],
  ['half on a GPU', [{ name: 'chat:latest', size: 100, size_vram: 50 }], { loaded: true, gpu: 0.5 }],
])('modelStatuses: %s', (_case, loaded, expected) => {
  expect(modelStatuses(['chat:latest'], tags, loaded)[0]).toMatchObject({ declared: true, present: true, ...expected });
});

describe('serverTroubles', () => {
  it.each<[string, Partial<ServerStatus>, RegExp]>([
    ['no container', { state: 'absent' }, /there is no container p-main; npm run up/],
    ['a dead container', { state: 'exited' }, /container p-main is exited; npm run logs -- main/],
    ['silence', { version: undefined }, /nothing answers/],
    ['a missing model', { models: modelStatuses(['gone:1'], [], []) }, /model gone:1 is not there; npm run up/],
  ])('%s', (_case, changes, expected) => {
    expect(serverTroubles({ ...server, ...changes })).toEqual([expect.stringMatching(expected)]);
  });

  it('has none when all is well', () => {
    expect(serverTroubles(server)).toEqual([]);
  });
});

it('statusTable puts a model on each line', () => {
  expect(statusTable([server])).toMatchInlineSnapshot(`
    "server   url                  state                    model                    size    loaded   gpu
    main     http://127.0.0.1:1   running, Ollama 0.34.0   chat:latest              100 B   no
                                                           extra:1 (not declared)   50 B    no
    "
  `);
});

import { expect, it } from 'vitest';
import { changed, report } from './base-manifest.js';

it.each<[name: string, from: string, to: string, line: string]>([
  ['a port twice', 'port: 11435', 'port: 11434', '11:11 servers.big.port: 11434 is also the port of server "main"'],
  [
    'a port left out',
    '    port: 11435\n',
    '',
    '10:3 servers.big.port: is missing; with several servers each names its own',
  ],
  [
    'an address for a port',
    'port: 11435',
    'port: 0.0.0.0:11435',
    '11:11 servers.big.port: must be a port alone: servers listen on 127.0.0.1, and to open them to others there is gateway: { address: … }, got "0.0.0.0:11435"',
  ],
  [
    'an unknown model',
    'models: [chat]',
    'models: [chatt]',
    '9:14 servers.main.models[0]: there is no model "chatt"; did you mean "chat"?',
  ],
  [
    'logged prompts',
    'gpu: none',
    'env: { OLLAMA_DEBUG_LOG_REQUESTS: true }',
    '7:12 servers.main.env.OLLAMA_DEBUG_LOG_REQUESTS: warning writes every prompt to a file in the container; remove it where people ask',
  ],
])('%s', (_, from, to, line) => {
  expect(report(changed(from, to))).toEqual([`models.yaml:${line}`]);
});

it('no server', () => {
  expect(report('servers: {}\n')).toEqual([
    'models.yaml:1:1 servers: declares no server; leave the key out for one server named main',
  ]);
});

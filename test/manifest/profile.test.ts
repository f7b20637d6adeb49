import { expect, it } from 'vitest';
import { formatDiagnostics } from '../../manifest/diagnostics.js';
import { parseManifest } from '../../manifest/parse.js';

const text = `project: demo
servers:
  a: { port: 1, memory: 8GiB, env: { A: x, B: y }, models: [m, n] }
  b: { port: 2 }
models:
  m:
  n:
profiles:
  ci:
    project: demo-ci
    servers:
      a: { memory: null, env: { B: z }, models: [n] }
  small: { servers: { b: null } }
  extra:
    models: { o: {}, p: null }
  clash:
    servers:
      b:
        port: 1
  broken:
    servers:
      b: { port: \${UNSET} }
`.replace('port: ${UNSET}', 'port: "${UNSET}"');

it('merges maps, replaces texts and lists, and removes at null', () => {
  const plain = parseManifest(text, { env: {} }).manifest;
  const ci = parseManifest(text, { env: {}, profile: 'ci' }).manifest;
  expect(plain?.servers[0]).toMatchObject({
    memory: 8 * 2 ** 30,
    env: { A: 'x', B: 'y' },
    models: ['m:latest', 'n:latest'],
  });
  expect(ci).toMatchObject({
    project: 'demo-ci',
    servers: [{ env: { A: 'x', B: 'z' }, models: ['n:latest'] }, { port: 2 }],
  });
  expect(ci?.servers[0]?.memory).toBeUndefined();
});

it('removes a server', () => {
  const { manifest } = parseManifest(text, { env: {}, profile: 'small' });
  expect(manifest?.servers.map(({ name }) => name)).toEqual(['a']);
});

it.each([
  ['cj', ['8:1 profiles: there is no profile "cj"; did you mean "ci"?']],
  [
    'production',
    ['8:1 profiles: there is no profile "production"; the manifest declares ci, small, extra, clash, broken'],
  ],
  ['clash', ['19:15 servers.b.port: 1 is also the port of server "a"']],
  ['broken', ['22:18 servers.b.port: the variable UNSET is not set; set it, or write ${UNSET:-default}']],
  [
    'extra',
    ['15:22 models.p: warning there is nothing to remove here; an empty value in a profile removes; write {} to add'],
  ],
])('of name %j reports %j', (profile, lines) => {
  const { diagnostics } = parseManifest(text, { env: {}, profile });
  expect(formatDiagnostics(diagnostics, 'models.yaml')).toEqual(lines.map((line) => `models.yaml:${line}`));
});

it('says so when there are no profiles', () => {
  const { diagnostics } = parseManifest('models: { m: }', { env: {}, profile: 'ci' });
  expect(diagnostics).toMatchObject([{ message: 'there is no profile "ci"', hint: 'the manifest declares none' }]);
});

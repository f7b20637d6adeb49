import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  buildDebianImage,
  debianImage,
  imageFiles,
  installedVersion,
  upstreamVersion,
} from '../../toolchain/debian-image.js';
import { openWorkshop } from '../../toolchain/workshop.js';
import { docker } from '../support/project.js';
import { repository } from './workshop-fixture.js';

it.each([
  ['haproxy:2.6', 'haproxy'],
  ['haproxy', 'haproxy'],
  ['docker.io/library/haproxy:2.6-alpine', 'haproxy'],
  ['prom/prometheus:v2.53.5', 'prometheus'],
  ['docker.io/prom/prometheus', 'prometheus'],
  ['grafana/grafana:11.6.1', undefined],
  ['registry.example/haproxy:2.6', undefined],
  ['ollama/ollama:0.34.0', undefined],
  [`haproxy:2.6@sha256:${'0'.repeat(64)}`, undefined],
])('%s can be made of the package %s', (declared, name) => {
  expect(debianImage(declared)?.name).toBe(name);
});

it.each([
  ['2.6.12-1+deb12u4', '2.6.12'],
  ['2.42.0+ds-5+deb12u1', '2.42.0'],
  ['1:3.0.11~rc1-1', '3.0.11'],
])('%s is version %s of the program', (version, upstream) => {
  expect(upstreamVersion(version)).toBe(upstream);
});

it('finds the version of a package, and not that of one whose name begins alike', () => {
  const status = 'Package: haproxy-doc\nVersion: 1-1\n\nPackage: haproxy\nArchitecture: amd64\nVersion: 2.6.12-1\n\n';
  expect(installedVersion(status, 'haproxy')).toBe('2.6.12-1');
  expect(() => installedVersion(status, 'prometheus')).toThrow('no package prometheus');
});

it('describes an image with the settings of the official one', () => {
  const image = debianImage('haproxy:2.6');
  if (!image) throw new Error('haproxy can be made');
  const digest = `sha256:${'a'.repeat(64)}`;
  const files = imageFiles(image, 'some/haproxy:1', { digest, created: '2026-01-01T00:00:00.000Z' });
  expect(JSON.parse(files['manifest.json'])).toEqual([
    { Config: 'config.json', RepoTags: ['some/haproxy:1'], Layers: ['layer.tar'] },
  ]);
  expect(JSON.parse(files['config.json'])).toMatchObject({
    os: 'linux',
    config: { Cmd: ['haproxy', '-W', '-db', '-f', '/usr/local/etc/haproxy/haproxy.cfg'], StopSignal: 'SIGUSR1' },
    rootfs: { type: 'layers', diff_ids: [digest] },
  });
});

it.each([
  ['haproxy:2.6', '99:99', ['haproxy', '-v'], 'HAProxy version'],
  ['haproxy:2.6', '99:99', ['bash', '-c', 'tar --version && sha256sum --version'], 'GNU tar'],
  ['prom/prometheus:v2.53.5', '65534:65534', ['prometheus', '--version'], 'prometheus, version'],
  // a volume takes the owner of what it is mounted on, so this user may write there
  ['prom/prometheus:v2.53.5', '65534:65534', ['bash', '-c', 'touch /prometheus/x && echo written'], 'written'],
])('the image in place of %s runs as %s without any privilege: %j', { timeout: 300_000 }, async (...row) => {
  const [declared, user, [program = '', ...argv], said] = row;
  const image = debianImage(declared);
  if (!image) throw new Error(`${declared} can be made`);
  const { reference, version, tar } = await buildDebianImage(openWorkshop({ home: repository }), image);
  expect(reference).toMatch(new RegExp(`^ollama-stacks/${image.name}:[\\d.]+-(debian|ubuntu)$`));
  expect(version).toMatch(new RegExp(`^${image.name} [\\d.]+ \\((Debian|Ubuntu)\\)$`));
  await docker('load', '--input', tar);
  const closed = ['--network=none', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
  const how = [...closed, '--volume=/prometheus', `--user=${user}`, `--entrypoint=${program}`];
  const output = await docker('run', '--rm', ...how, reference, ...argv);
  expect(output).toContain(said);
});

it('the tar says the digest that its layer has', { timeout: 300_000 }, async () => {
  const image = debianImage('haproxy:2.6');
  if (!image) throw new Error('haproxy can be made');
  const { tar } = await buildDebianImage(openWorkshop({ home: repository }), image);
  const member = (name: string): Buffer => execFileSync('tar', ['-xOf', tar, name], { maxBuffer: 1e9 });
  const { rootfs } = JSON.parse(member('config.json').toString()) as { rootfs: { diff_ids: string[] } };
  expect(rootfs.diff_ids).toEqual([`sha256:${createHash('sha256').update(member('layer.tar')).digest('hex')}`]);
});

import { expect, it } from 'vitest';
import { bootstrapArguments, distributionSources, hostRelease } from '../../toolchain/debian-base.js';

const targets = [
  'Debian|http://mirror.example/debian/|bookworm|main|$(SIGNED_BY)',
  'Debian|http://mirror.example/debian/|bookworm|main|$(SIGNED_BY)',
  'Debian|http://mirror.example/security/|bookworm-security|main|/usr/share/keyrings/a.gpg',
  'Third Party|http://third.example/|stable|main|/etc/third.gpg',
].join('\n');

it("takes the machine's own mirrors of its distribution, and nobody else's packages", () => {
  expect(distributionSources(targets, 'Debian')).toEqual([
    'deb http://mirror.example/debian/ bookworm main',
    'deb [signed-by=/usr/share/keyrings/a.gpg] http://mirror.example/security/ bookworm-security main',
  ]);
});

it.each([
  ['ID=debian\nVERSION_CODENAME=bookworm\n', { distribution: 'Debian', suite: 'bookworm' }],
  ['NAME="Ubuntu"\nID=ubuntu\nVERSION_CODENAME="noble"\n', { distribution: 'Ubuntu', suite: 'noble' }],
])('%j', (text, release) => {
  expect(hostRelease(text)).toEqual(release);
});

it.each(['ID=fedora\nVERSION_CODENAME=""\n', ''])('%j: says what to do', (text) => {
  expect(() => hostRelease(text)).toThrow(expect.objectContaining({ code: 'image-platform' }));
});

it('makes a minimal base with roots and the C++ runtime', () => {
  const argv = bootstrapArguments('bookworm', { packages: ['ca-certificates', 'libstdc++6'] }, 'base.tar');
  expect(argv).toEqual(expect.arrayContaining(['--variant=essential', '--include=ca-certificates,libstdc++6']));
  expect(argv.slice(-3)).toEqual(['bookworm', 'base.tar', '-']);
});

it('makes empty directories for those who run without being root', () => {
  const argv = bootstrapArguments(
    'bookworm',
    { packages: ['prometheus'], directories: { '/prometheus': 65_534 } },
    '-',
  );
  expect(argv).toContain('--customize-hook=install --directory --owner=65534 --group=65534 "$1/prometheus"');
});

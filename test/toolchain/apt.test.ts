import { describe, expect, it } from 'vitest';
import { debianPackages, installCommand, installPackages, updateCommand } from '../../toolchain/apt.js';
import { temporaryWorkshop } from './workshop-fixture.js';

describe('debianPackages', () => {
  it.each([
    [['engine'], ['ca-certificates', 'docker.io', 'iptables']],
    [
      ['compiler', 'headers'],
      ['g++', 'libstb-dev', 'nlohmann-json3-dev'],
    ],
    [
      ['base', 'python', 'base'],
      ['mmdebstrap', 'python3-venv'],
    ],
  ] as const)('%j', (needs, packages) => {
    expect(debianPackages(needs)).toEqual(packages);
  });
});

it.each([
  [true, []],
  [false, ['sudo']],
])('as root %j: installs without questions, behind %j', (root, first) => {
  const apt = ['apt-get', '-o', 'DPkg::Lock::Timeout=300'];
  const install = [...apt, 'install', '--yes', '--no-install-recommends', 'g++'];
  expect(updateCommand(root)).toEqual([...first, ...apt, 'update']);
  expect(installCommand(['g++'], root)).toEqual([...first, 'env', 'DEBIAN_FRONTEND=noninteractive', ...install]);
});

it('names the packages where there is no apt-get', async () => {
  await using workshop = await temporaryWorkshop({ env: { PATH: '/nonexistent' } });
  await expect(installPackages(workshop, ['engine'], 'a Docker engine')).rejects.toMatchObject({
    code: 'missing-packages',
    message: 'a Docker engine is missing, and installing it takes root',
    next: expect.stringContaining('docker.io'),
  });
});

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { mirrorConfiguration, mirrorFiles, platform } from '../../toolchain/provider-mirror.js';
import { prepareProvider } from '../../toolchain/provider.js';
import { temporaryWorkshop } from './workshop-fixture.js';

const terraform = { version: '1.11.4', source: 'found', path: '/bin/terraform' };

it.each([
  ['linux', 'x64', 'linux_amd64'],
  ['linux', 'arm64', 'linux_arm64'],
  ['darwin', 'arm64', 'darwin_arm64'],
])('%s %s: %s', (os, architecture, expected) => {
  expect(platform(os, architecture)).toBe(expected);
});

it('lies in the mirror for Terraform and for OpenTofu', () => {
  const file = `kreuzwerker/docker/4.6.0/${platform()}/terraform-provider-docker_v4.6.0`;
  expect(mirrorFiles('/m')).toEqual([`/m/registry.terraform.io/${file}`, `/m/registry.opentofu.org/${file}`]);
});

it('takes only this provider from the mirror', () => {
  const text = mirrorConfiguration('/cache/"odd" mirror');
  const list = '["registry.terraform.io/kreuzwerker/docker", "registry.opentofu.org/kreuzwerker/docker"]';
  expect(text).toContain(String.raw`path    = "/cache/\"odd\" mirror"`);
  expect(text).toContain(`include = ${list}`);
  expect(text).toContain(`exclude = ${list}`);
});

it('uses a mirror that the user names', async () => {
  await using workshop = await temporaryWorkshop();
  const mirror = path.join(workshop.cache, 'mine');
  const [, file = ''] = mirrorFiles(mirror);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '');
  const own = { ...workshop, env: { OLLAMA_STACKS_PROVIDER_MIRROR: mirror } };
  const { source, cliConfig = '' } = await prepareProvider(own, terraform);
  expect(source).toBe(`mirror ${mirror}`);
  expect(await readFile(cliConfig, 'utf8')).toBe(mirrorConfiguration(mirror));
});

it('says where the provider is missing in a named mirror', async () => {
  await using workshop = await temporaryWorkshop({ env: { OLLAMA_STACKS_PROVIDER_MIRROR: '/nonexistent' } });
  await expect(prepareProvider(workshop, terraform)).rejects.toMatchObject({
    code: 'provider-mirror',
    message: `/nonexistent holds no kreuzwerker/docker 4.6.0 for ${platform()}`,
    next: expect.stringContaining(mirrorFiles('/nonexistent')[0] ?? 'no file'),
  });
});

it("leaves providers to the user's own CLI configuration", async () => {
  await using workshop = await temporaryWorkshop();
  const file = path.join(workshop.cache, 'own.tfrc');
  await writeFile(file, 'provider_installation {\n  direct {}\n}\n');
  const own = { ...workshop, env: { TF_CLI_CONFIG_FILE: file } };
  expect(await prepareProvider(own, terraform)).toEqual({
    version: 'kreuzwerker/docker ~> 4.6',
    source: `from ${file}`,
  });
});

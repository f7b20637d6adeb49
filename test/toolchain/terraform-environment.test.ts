import { expect, it } from 'vitest';
import { terraformEnvironment } from '../../toolchain/terraform-environment.js';
import { resolvedExample } from './resolved-example.js';

it('speaks to the resolved engine, through the resolved mirror', () => {
  const env = terraformEnvironment(resolvedExample(), {
    PATH: '/bin',
    DOCKER_HOST: 'tcp://other',
    DOCKER_CONTEXT: 'desk',
  });
  expect(env).toEqual({
    PATH: '/bin',
    DOCKER_HOST: 'unix:///engine.sock',
    TF_CLI_CONFIG_FILE: '/cache/terraform.rc',
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
  });
});

it("leaves the user's own CLI configuration where no mirror is needed", () => {
  const resolved = { ...resolvedExample(), provider: { version: '', source: '' } };
  expect(terraformEnvironment(resolved, { TF_CLI_CONFIG_FILE: '/own' }).TF_CLI_CONFIG_FILE).toBe('/own');
});

it.each([
  ['ssh://desk', undefined],
  ['tcp://10.0.0.2:2376', '/certs'],
])('DOCKER_CERT_PATH for %s: %j', (host, expected) => {
  const resolved = resolvedExample();
  const env = terraformEnvironment(
    { ...resolved, engine: { ...resolved.engine, host } },
    { DOCKER_CERT_PATH: '/certs' },
  );
  expect(env.DOCKER_CERT_PATH).toBe(expected);
});

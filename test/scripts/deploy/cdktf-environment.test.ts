import { expect, it } from 'vitest';
import { cdktfEnvironment, cdktfJson } from '../../../scripts/deploy/cdktf-environment.js';

it('spares the user the flag, the telemetry and the plugin cache', () => {
  expect(cdktfEnvironment({ PATH: '/bin' }, '/opt/terraform')).toEqual({
    PATH: '/bin',
    CDKTF_SKIP_PROVIDER_LOCK: 'true',
    TERRAFORM_BINARY_NAME: '/opt/terraform',
    CHECKPOINT_DISABLE: '1',
    DISABLE_VERSION_CHECK: '1',
    CDKTF_DISABLE_PLUGIN_CACHE_ENV: '1',
  });
});

it('leaves what the user set', () => {
  const env = cdktfEnvironment({ CDKTF_SKIP_PROVIDER_LOCK: 'false' }, 'terraform');
  expect(env).toMatchObject({ CDKTF_SKIP_PROVIDER_LOCK: 'false' });
});

it('cdktfJson quotes a path with blanks', () => {
  expect(JSON.parse(cdktfJson('../my tools/bin/x.mjs'))).toMatchObject({
    language: 'typescript',
    app: 'node "../my tools/bin/x.mjs" synth',
  });
});

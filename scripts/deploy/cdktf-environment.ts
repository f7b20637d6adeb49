/** The CLI that `npm run cdktf` fetches; the same version as the library. */
export const cdktfVersion = '0.21.0';

/**
 * Settings of cdktf-cli. Every flag of it can be given as `CDKTF_<FLAG>` (yargs `env`, bin/cdktf.ts), so that the
 * arguments stay the user's own.
 * @param env of Terraform
 */
export function cdktfEnvironment(env: NodeJS.ProcessEnv, terraform: string): NodeJS.ProcessEnv {
  return {
    // `terraform providers lock` ignores mirrors (hashicorp/terraform#35106), so it fails where no registry answers.
    CDKTF_SKIP_PROVIDER_LOCK: 'true',
    ...env,
    TERRAFORM_BINARY_NAME: terraform,
    CHECKPOINT_DISABLE: '1',
    DISABLE_VERSION_CHECK: '1',
    // Not safe for two stacks at once.
    CDKTF_DISABLE_PLUGIN_CACHE_ENV: '1',
  };
}

/**
 * A cdktf.json, without which the CLI refuses a directory.
 * @param launcher path of our program, relative to the project
 */
export function cdktfJson(launcher: string): string {
  const content = { language: 'typescript', app: `node ${JSON.stringify(launcher)} synth`, sendCrashReports: 'false' };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

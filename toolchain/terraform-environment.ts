import type { Resolved } from '../manifest/resolved.js';

/**
 * Environment for Terraform. The engine is the resolved one: the provider lets `DOCKER_CONTEXT` win over its own `host`,
 * and takes `DOCKER_CERT_PATH` for TLS even when it should speak ssh (kreuzwerker `provider.go`, configure).
 */
export function terraformEnvironment(resolved: Resolved, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { DOCKER_CONTEXT: _context, ...rest } = env;
  if (resolved.engine.host.startsWith('ssh://')) delete rest.DOCKER_CERT_PATH;
  const { cliConfig } = resolved.provider;
  return {
    ...rest,
    DOCKER_HOST: resolved.engine.host,
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
    ...(cliConfig && { TF_CLI_CONFIG_FILE: cliConfig }),
  };
}

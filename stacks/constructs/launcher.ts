import type { LocalExecProvisioner } from '../cdktf.js';

/** How Terraform runs one of our own verbs. */
export interface Launcher {
  /** Path of `bin/ollama-stacks.mjs`, relative to the directory of the stack, which is Terraform's working directory. */
  readonly path: string;
  /** `DOCKER_HOST` of what is run: the engine the provider talks to. Absent: the ambient one. */
  readonly dockerHost?: string;
}

/**
 * Runs `node <launcher> <verb…> <last>` when its resource is created; failure taints the resource. `variables` are set
 * for it beside the engine.
 */
export function runVerb(
  launcher: Launcher,
  verb: readonly string[],
  last: string,
  variables: Readonly<Record<string, string>> = {},
): LocalExecProvisioner {
  const all = { ...environment(launcher), ...variables };
  const wanted = Object.keys(all).length === 0 ? undefined : all;
  return { ...localExec(['node', launcher.path, ...verb], last), environment: wanted };
}

/** `on_failure` of Terraform, which cdktf's type lacks; cdktf writes it all the same. */
interface TolerantProvisioner extends LocalExecProvisioner {
  readonly onFailure: 'continue';
}

/** Runs `<program…> <last>` before its resource is destroyed; failure is shown and does not stop the destroy. */
export function runOnDestroy(launcher: Launcher, program: readonly string[], last: string): TolerantProvisioner {
  return { ...localExec(program, last), environment: environment(launcher), when: 'destroy', onFailure: 'continue' };
}

/**
 * Terraform appends `command` to `interpreter` as one argument, so no shell ever reads a name
 * (https://developer.hashicorp.com/terraform/language/resources/provisioners/local-exec).
 */
function localExec(program: readonly string[], last: string): LocalExecProvisioner {
  return { type: 'local-exec', interpreter: [...program], command: last };
}

function environment({ dockerHost }: Launcher): Record<string, string> | undefined {
  return dockerHost === undefined ? undefined : { DOCKER_HOST: dockerHost };
}

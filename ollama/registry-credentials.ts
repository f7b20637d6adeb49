import type { Registry } from '../manifest/manifest.js';
import { RegistryError } from './registry-error.js';

/** The value of an `Authorization` header that the manifest and the environment give for a registry. */
export interface Credentials {
  readonly scheme: 'Bearer' | 'Basic';
  readonly header: string;
}

/** Credentials of a registry, absent when none are declared. Throws `RegistryError` naming a variable that is not set. */
export function credentialsOf(registry: Registry | undefined, env: NodeJS.ProcessEnv): Credentials | undefined {
  if (registry?.tokenEnv !== undefined)
    return { scheme: 'Bearer', header: `Bearer ${secretOf(registry.host, registry.tokenEnv, env)}` };
  if (registry?.username === undefined || registry.passwordEnv === undefined) return undefined;
  const pair = `${registry.username}:${secretOf(registry.host, registry.passwordEnv, env)}`;
  return { scheme: 'Basic', header: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function secretOf(host: string, variable: string, env: NodeJS.ProcessEnv): string {
  const value = env[variable]?.trim();
  if (value !== undefined && value !== '') return value;
  throw new RegistryError(
    'unauthorized',
    `the environment variable ${variable}, which registries: { ${host} } names, is not set`,
    `set ${variable}, or remove the key from the manifest`,
  );
}

/** What to do when a registry refuses: which variable holds the wrong value, or that none is declared. */
export function accessHint(host: string, registry: Registry | undefined): string {
  const variable = registry?.tokenEnv ?? registry?.passwordEnv;
  if (variable !== undefined) return `check the value of ${variable}, and that it may read this model`;
  return `write registries: { ${host}: { token_env: NAME } } (or username and password_env) if it is private, else check the name`;
}

import type { Registry } from './manifest.js';
import type { RawRegistry } from './registry-schema.js';

/** The registries of a manifest that passed every check; `ca` already holds the text of its file. */
export function buildRegistries(registries: Readonly<Record<string, RawRegistry | null>>): Registry[] {
  return Object.entries(registries).map(([host, registry]) => {
    const { insecure = false, ca, token_env: tokenEnv, username, password_env: passwordEnv } = registry ?? {};
    return {
      host: host.toLowerCase(),
      insecure,
      ...(ca !== undefined && { ca }),
      ...(tokenEnv !== undefined && { tokenEnv }),
      ...(username !== undefined && { username }),
      ...(passwordEnv !== undefined && { passwordEnv }),
    };
  });
}

import type { Finding } from './diagnostics.js';
import { treeAt } from './tree-value.js';
import type { Tree } from './yaml-tree.js';

/** Keys of a registry whose value is the name of an environment variable. */
export const secretKeys = ['token_env', 'password_env'] as const;

/** Refuses a secret in place of its name; looks before variables are replaced, so that no message can show it. */
export function checkSecrets(tree: Tree): Finding[] {
  const registries = treeAt(tree, ['registries']);
  if (registries?.kind !== 'map') return [];
  return [...registries.entries.keys()].flatMap((host) =>
    secretKeys.flatMap((key): Finding[] => {
      const path = ['registries', host, key];
      const scalar = treeAt(tree, path);
      if (scalar?.kind !== 'scalar' || typeof scalar.value !== 'string' || !scalar.value.includes('${')) return [];
      const message = 'takes the name of the variable, not its value: the value would end up in the state';
      const [, name = 'NAME'] = /\$\{(\w+)/.exec(scalar.value) ?? [];
      return [{ severity: 'error', code: 'secret', path, message, hint: `write ${key}: ${name}` }];
    }),
  );
}

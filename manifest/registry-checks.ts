import type { Finding } from './diagnostics.js';
import { defaultHost, hostFault, parseModelRef } from './model-ref.js';
import type { RawRegistry } from './registry-schema.js';
import type { RawManifest } from './schema.js';
import { secretKeys } from './secret-checks.js';

/** What the schema cannot say about registries, the mirror, and what a prune keeps. */
export function checkRegistries(manifest: RawManifest): Finding[] {
  const registries = Object.entries(manifest.registries);
  return [
    ...checkHosts(registries.map(([host]) => host)),
    ...registries.flatMap(([host, registry]) => (registry === null ? [] : checkRegistry(host, registry))),
    ...checkMirror(manifest.mirror),
    ...checkUse(manifest),
    ...checkKeep(manifest),
  ];
}

function checkHosts(hosts: readonly string[]): Finding[] {
  const first = new Map<string, string>();
  return hosts.flatMap((host): Finding[] => {
    const finding = { severity: 'error', path: ['registries', host], atKey: true } as const;
    const fault = hostFault(host);
    if (fault !== undefined) {
      return [{ ...finding, code: 'host', message: `the host ${JSON.stringify(host)} ${fault}` }];
    }
    const other = first.get(host.toLowerCase());
    first.set(host.toLowerCase(), other ?? host);
    if (other === undefined) return [];
    return [{ ...finding, code: 'same-registry', message: `this is the same registry as ${JSON.stringify(other)}` }];
  });
}

function checkRegistry(host: string, registry: RawRegistry): Finding[] {
  const error = (key: keyof RawRegistry, code: string, message: string, hint?: string): Finding => {
    return { severity: 'error', code, path: ['registries', host, key], message, hint };
  };
  const { insecure, ca, username, token_env: tokenEnv, password_env: passwordEnv } = registry;
  const findings: Finding[] = secretKeys
    .filter((key) => registry[key] !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(registry[key]))
    // Without the text, which may be the secret itself.
    .map((key) => error(key, 'variable-name', 'is no name of an environment variable; the secret itself stays there'));
  if (insecure && ca !== undefined) {
    findings.push(error('ca', 'contradiction', 'plain http has no certificate', 'take out ca or insecure'));
  }
  if (tokenEnv !== undefined && (username !== undefined || passwordEnv !== undefined)) {
    const hint = 'take out token_env, or username and password_env';
    findings.push(error('token_env', 'contradiction', 'is a second way to sign in', hint));
  } else if (username !== undefined && passwordEnv === undefined) {
    const hint = 'add password_env, the name of the variable that holds it';
    findings.push(error('username', 'no-password', `${JSON.stringify(username)} has no password`, hint));
  } else if (passwordEnv !== undefined && username === undefined) {
    findings.push(error('password_env', 'no-username', 'is the password of nobody', 'add username'));
  }
  return [...findings, ...checkClearText(host, registry)];
}

function checkClearText(host: string, { insecure, token_env: token, password_env: password }: RawRegistry): Finding[] {
  const isLocal = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i.test(host);
  if (!insecure || isLocal || (token === undefined && password === undefined)) return [];
  const message = 'plain http sends the credentials readable to everybody on the way';
  const path = ['registries', host, 'insecure'];
  return [{ severity: 'warning', code: 'clear-text', path, message, hint: 'use https, with ca where it is your own' }];
}

function checkMirror(mirror: string | undefined): Finding[] {
  if (mirror === undefined) return [];
  const finding = { severity: 'error', code: 'mirror', path: ['mirror'] } as const;
  const fault = hostFault(mirror);
  if (fault !== undefined) return [{ ...finding, message: `the host ${JSON.stringify(mirror)} ${fault}` }];
  if (mirror.toLowerCase() !== defaultHost) return [];
  const message = `${mirror} is the Ollama library itself`;
  return [{ ...finding, message, hint: 'name the registry that stands in for it, or take the key out' }];
}

/** A misspelt host would be asked by https and without credentials, and the error come late. */
function checkUse({ registries, mirror, models }: RawManifest): Finding[] {
  const unused = new Map(Object.keys(registries).map((host) => [host.toLowerCase(), host]));
  if (unused.size === 0) return [];
  if (mirror !== undefined) unused.delete(mirror.toLowerCase());
  for (const [name, model] of Object.entries(models)) {
    for (const source of [model?.from ?? name].flat()) {
      const host = typeof source === 'string' ? parseModelRef(source).ref?.host : undefined;
      if (host !== undefined) unused.delete(host.toLowerCase());
    }
  }
  return [...unused.values()].map((host) => {
    const message = 'no model comes from this registry, and it is not the mirror';
    return { severity: 'warning', code: 'unused-registry', path: ['registries', host], message, atKey: true };
  });
}

function checkKeep({ prune, keep }: RawManifest): Finding[] {
  const findings = keep.flatMap((pattern, index): Finding[] => {
    const parsed = parseModelRef(pattern.replaceAll('*', 'x'));
    if (parsed.ref !== undefined) return [];
    const message = `the pattern ${JSON.stringify(pattern)} ${parsed.reason}`;
    return [{ severity: 'error', code: 'pattern', path: ['keep', index], message, hint: '"*" matches any text' }];
  });
  if (prune || keep.length === 0) return findings;
  const message = 'has no effect, because nothing is pruned';
  const hint = 'add prune: true, or take the key out';
  return [...findings, { severity: 'warning', code: 'keep-unused', path: ['keep'], message, hint, atKey: true }];
}

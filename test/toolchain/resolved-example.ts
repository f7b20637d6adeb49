import type { Resolved } from '../../manifest/resolved.js';

/** One valid value, the base of the tables. */
export function resolvedExample(): Resolved {
  return {
    engine: { version: 'Docker 20.10.24', source: 'found', host: 'unix:///engine.sock' },
    terraform: { version: '1.11.4', source: 'found', path: '/bin/terraform' },
    provider: { version: 'kreuzwerker/docker 4.6.0', source: 'built', cliConfig: '/cache/terraform.rc' },
    images: {
      'ollama/ollama:0.34.0': { version: 'ollama 0.34.0', source: 'found', reference: 'ollama/ollama:0.34.0' },
    },
  };
}

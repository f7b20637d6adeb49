import type { ContainerConfig } from '@cdktf/provider-docker/lib/container/index.js';
import type { Registry } from '../../manifest/manifest.js';

/** How a server comes to trust the certificates of private registries. */
export interface TrustedCertificates {
  readonly environment: Readonly<Record<string, string>>;
  readonly command: Pick<ContainerConfig, 'entrypoint' | 'command'>;
}

const directory = '/tmp/certificates';
const variable = 'OLLAMA_STACKS_CERTIFICATES';
/** A shell that becomes Ollama, so that signals and the exit code are those of Ollama. */
const script = `mkdir -p ${directory} && printf %s "$${variable}" > ${directory}/registries.pem && exec ollama "$@"`;

/**
 * Writes the certificates at every start into the tmpfs, and has Go read them beside those of the system
 * (crypto/x509/root_unix.go). No `upload` of the provider: it copies to `/`, which the engine refuses on a read-only
 * root even where a volume lies. Nothing is set when no registry has a certificate.
 */
export function trustedCertificates(registries: readonly Registry[]): TrustedCertificates {
  const certificates = [...new Set(registries.flatMap(({ ca }) => ca ?? []))];
  if (certificates.length === 0) return { environment: {}, command: {} };
  return {
    environment: { SSL_CERT_DIR: directory, [variable]: certificates.join('') },
    command: { entrypoint: ['/bin/sh', '-c', script, 'ollama'], command: ['serve'] },
  };
}

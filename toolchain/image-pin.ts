import { parseImageRef } from '../manifest/image-ref.js';

/** Images that are deployed by digest: those of the gateway and of what watches it, whoever built them. */
export function isPinned(declared: string): boolean {
  const name = parseImageRef(declared)?.repository.split('/').at(-1);
  return /^(haproxy|prometheus|grafana)/.test(name ?? '');
}

/**
 * The reference that always means the image which the engine holds now, so that a moved tag changes nothing by itself:
 * `haproxy@sha256:…`. The declared one where the image came from no registry.
 * @param repoDigests what `docker image inspect` gives as `RepoDigests`; Docker leaves out its own domain there
 */
export function pinnedReference(declared: string, repoDigests: readonly string[]): string {
  const repository = (parseImageRef(declared)?.repository ?? declared)
    .replace(/^(index\.)?docker\.io\//, '')
    .replace(/^library\//, '');
  return repoDigests.find((pin) => pin.startsWith(`${repository}@`)) ?? declared;
}

import { LoadError } from './load-error.js';

const minimum = [0, 17, 1] as const;

/**
 * Throws `LoadError` for servers below 0.17.1: CVE-2026-7482 lets any client read the server's memory by `/api/create`
 * and send it away by `/api/push`. A version that is no `x.y.z` is refused too, because nothing is known about it.
 */
export function checkVersion(server: string, version: string): void {
  const found = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [0, 0, 0];
  const difference = minimum.map((part, index) => (found[index] ?? 0) - part).find((one) => one !== 0) ?? 0;
  if (difference >= 0) return;
  throw new LoadError(
    `server ${server} runs Ollama ${version}, which lets any client read its memory (CVE-2026-7482)`,
    'set `image` to version 0.17.1 or later',
  );
}

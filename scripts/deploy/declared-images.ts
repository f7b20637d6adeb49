import type { Manifest } from '../../manifest/manifest.js';

/** Declared images; a deployment does without those in `optional` where they are not to be had. */
export function imagesOf({ servers, gateway, observability }: Manifest): {
  readonly images: string[];
  readonly optional: string[];
} {
  const services = [...(gateway ? [gateway.image] : []), ...(observability ? [observability.prometheus.image] : [])];
  const images = [...new Set([...servers.map(({ image }) => image), ...services])];
  return { images, optional: observability ? [observability.grafana.image] : [] };
}

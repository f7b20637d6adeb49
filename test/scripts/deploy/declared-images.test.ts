import { expect, it } from 'vitest';
import { imagesOf } from '../../../scripts/deploy/declared-images.js';
import { gatewayManifest } from '../gateway-manifest.js';
import { validManifest, validServer } from '../valid-manifest.js';

it('each image is wanted once, and Grafana can be done without', () => {
  const servers = [validServer, { ...validServer, name: 'second' }];
  expect(imagesOf({ ...validManifest, servers })).toEqual({ images: ['ollama/ollama:0.34.0'], optional: [] });
  expect(imagesOf(gatewayManifest)).toEqual({
    images: ['ollama/ollama:0.34.0', 'haproxy:2.6', 'prom/prometheus:v2.53.5'],
    optional: ['grafana/grafana:11.6.1'],
  });
});

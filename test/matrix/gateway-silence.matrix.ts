import { expect, it } from 'vitest';
import { loadDoor } from '../support/loaded-door.js';
import { readStream } from '../support/stream-client.js';

const silence = 10 * 60_000;
const script = { first: silence, every: 25, chunks: 10 };

it.each([{ tls: false }, { tls: true }])(
  'a first token after 10 silent minutes arrives, TLS: $tls',
  { timeout: silence + 120_000, concurrent: true },
  async ({ tls }) => {
    await using load = await loadDoor({ tls });
    const formats = ['ndjson', 'sse'] as const;
    const streams = await Promise.all(formats.map((format) => readStream(load.gateway, format, script)));
    for (const { status, firstMs, lags, whole } of streams) {
      expect({ status, whole, chunks: lags.length }).toEqual({ status: 200, whole: true, chunks: script.chunks });
      expect(firstMs).toBeGreaterThanOrEqual(silence - 100);
      expect(firstMs).toBeLessThan(silence + 5000);
    }
  },
);

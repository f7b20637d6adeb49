import { quantile, readStream, timeRequest, type StreamScript, type StreamSeen, type Target } from './stream-client.js';

/** The same double of Ollama, asked by the same client with and without the gateway. */
export interface Contenders {
  readonly direct: Target;
  readonly gateway: Target;
}

/** Milliseconds. */
export interface Compared {
  readonly direct: Quantiles;
  readonly gateway: Quantiles;
  /** Of the gateway less direct. */
  readonly added: Quantiles;
}

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

const quantiles = (samples: readonly number[]): Quantiles => ({
  p50: quantile(samples, 0.5),
  p99: quantile(samples, 0.99),
});

function compare(direct: readonly number[], gateway: readonly number[]): Compared {
  const [one, other] = [quantiles(direct), quantiles(gateway)];
  return { direct: one, gateway: other, added: { p50: other.p50 - one.p50, p99: other.p99 - one.p99 } };
}

/** Small requests one after another, direct and through the gateway in turn, so that noise of the machine meets both. */
export async function compareRequests({ direct, gateway }: Contenders, requests: number): Promise<Compared> {
  const times: Record<'direct' | 'gateway', number[]> = { direct: [], gateway: [] };
  for (let index = -100; index < requests; index += 1) {
    const one = await timeRequest(direct);
    const other = await timeRequest(gateway);
    if (index < 0) continue;
    times.direct.push(one);
    times.gateway.push(other);
  }
  return compare(times.direct, times.gateway);
}

/** Times to the first chunk of short streams, one after another, direct and through the gateway in turn. */
export async function compareFirst(
  { direct, gateway }: Contenders,
  { format, streams, first }: { format: 'ndjson' | 'sse'; streams: number; first: number },
): Promise<Compared> {
  const times: Record<'direct' | 'gateway', number[]> = { direct: [], gateway: [] };
  const script = { first, every: 1, chunks: 2 };
  for (let index = -5; index < streams; index += 1) {
    const one = await readStream(direct, format, script);
    const other = await readStream(gateway, format, script);
    if (index < 0) continue;
    times.direct.push(one.firstMs);
    times.gateway.push(other.firstMs);
  }
  return compare(times.direct, times.gateway);
}

/** What streams at the same time showed. */
export interface ComparedStreams {
  readonly lag: Compared;
  readonly first: Compared;
  /** Streams through the gateway that were answered with 200 and came whole, with every chunk. */
  readonly whole: number;
}

/** This many streams at once, first direct, then through the gateway. */
export async function compareStreams(
  { direct, gateway }: Contenders,
  { format, streams, script }: { format: 'ndjson' | 'sse'; streams: number; script: Required<StreamScript> },
): Promise<ComparedStreams> {
  const run = (target: Target): Promise<StreamSeen[]> =>
    Promise.all(Array.from({ length: streams }, () => readStream(target, format, script)));
  const [one, other] = [await run(direct), await run(gateway)];
  const whole = other.filter((seen) => seen.whole && seen.status === 200 && seen.lags.length === script.chunks);
  return {
    lag: compare(
      one.flatMap(({ lags }) => lags),
      other.flatMap(({ lags }) => lags),
    ),
    first: compare(
      one.map(({ firstMs }) => firstMs),
      other.map(({ firstMs }) => firstMs),
    ),
    whole: whole.length,
  };
}

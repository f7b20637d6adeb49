import { afterAll, describe, expect, it } from 'vitest';
import { statistics } from '../../scripts/bench/statistics.js';
import { table } from '../../scripts/report/table.js';
import { compareFirst, compareRequests, compareStreams, type Compared } from '../support/gateway-load.js';
import { loadDoor } from '../support/loaded-door.js';

const requests = 3000;
const rounds = 5;
const rows: string[][] = [];

afterAll(() => {
  const head = ['milliseconds', 'direct p50', 'p99', 'gateway p50', 'p99', 'added p50', 'p99'];
  process.stdout.write(`\n${table(head, rows)}medians of ${rounds} rounds\n\n`);
});

/** The median of the rounds, each figure by itself. */
function median(results: readonly Compared[]): Compared {
  const of = (figure: (result: Compared) => number): number => statistics(results.map(figure)).median;
  const both = (who: keyof Compared): Compared['added'] => ({
    p50: of((result) => result[who].p50),
    p99: of((result) => result[who].p99),
  });
  return { direct: both('direct'), gateway: both('gateway'), added: both('added') };
}

function show(name: string, { direct, gateway, added }: Compared): void {
  const figures = [direct, gateway, added].flatMap(({ p50, p99 }) => [p50, p99]);
  rows.push([name, ...figures.map((figure) => figure.toFixed(3))]);
}

async function repeated<T>(work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let round = 0; round < rounds; round += 1) results.push(await work());
  return results;
}

describe.each([{ tls: false }, { tls: true }])('through the gateway, TLS: $tls', ({ tls }) => {
  const over = tls ? 'TLS' : 'HTTP';

  it('a request takes at most 0.2 ms more (p50), 2 ms more (p99)', async () => {
    await using load = await loadDoor({ tls });
    const result = median(await repeated(() => compareRequests(load, requests)));
    show(`request, ${over}`, result);
    expect(result.added.p50).toBeLessThanOrEqual(0.2);
    expect(result.added.p99).toBeLessThanOrEqual(2);
  });

  it.each(['ndjson', 'sse'] as const)('a first chunk of %s comes at most 2 ms later', async (format) => {
    await using load = await loadDoor({ tls });
    const result = median(await repeated(() => compareFirst(load, { format, streams: 60, first: 20 })));
    show(`first chunk after 20 ms, ${format}, ${over}`, result);
    expect(result.added.p50).toBeLessThanOrEqual(2);
  });

  it.each(['ndjson', 'sse'] as const)('chunks of %s are under way for at most 5 ms (p99)', async (format) => {
    await using load = await loadDoor({ tls });
    const script = { first: 50, every: 25, chunks: 80 };
    const results = await repeated(() => compareStreams(load, { format, streams: 20, script }));
    show(`chunk lag of 20 streams, ${format}, ${over}`, median(results.map(({ lag }) => lag)));
    expect(results.map(({ whole }) => whole)).toEqual(results.map(() => 20));
    // of the quietest round: whatever else the machine does makes chunks late with and without a gateway
    expect(Math.min(...results.map(({ lag }) => lag.gateway.p99))).toBeLessThanOrEqual(5);
  });

  it('200 streams at once all come whole', async () => {
    await using load = await loadDoor({ tls });
    const script = { first: 50, every: 50, chunks: 60 };
    const results = await repeated(() => compareStreams(load, { format: 'ndjson', streams: 200, script }));
    show(`chunk lag of 200 streams, ${over}`, median(results.map(({ lag }) => lag)));
    show(`first chunk of 200 streams begun at once, ${over}`, median(results.map(({ first }) => first)));
    expect(results.map(({ whole }) => whole)).toEqual(results.map(() => 200));
  });
});

/** Median, extremes and the raw values of one contender's rounds, in milliseconds. */
export interface Statistics {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: readonly number[];
}

/** Sums up the rounds of one contender; at least one round. */
export function statistics(rounds: readonly number[]): Statistics {
  const sorted = rounds.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)!, rounds };
}

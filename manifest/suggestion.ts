import { closestMatch } from 'leven';

/** Comparing with more names than this costs more time than the hint is worth. */
const mostCandidates = 1000;

/** The hint `did you mean "port"?`, when a candidate is close enough to be a likely slip. */
export function suggestion(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length > mostCandidates) return undefined;
  const maxDistance = word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3));
  const match = closestMatch(word, candidates, { maxDistance });
  return match === undefined ? undefined : `did you mean ${JSON.stringify(match)}?`;
}

import type { LockedLayer, ModelFacts } from '../manifest/lock.js';
import { oneLine } from './gguf-facts.js';

/** What one source of a model turned out to be. */
export interface SourceContent {
  /** See `LockedModel.digest`. */
  readonly digest?: string;
  readonly layers: readonly LockedLayer[];
  readonly facts: ModelFacts;
}

/** The name of a license: its first line, with the version that may stand on the next. */
export function licenseTitle(license: string): string | undefined {
  const [first = '', second = ''] = license
    .slice(0, 10_000)
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const title = oneLine(/^version\b/i.test(second) ? `${first}, ${second}` : first);
  return title === '' ? undefined : title;
}

import type { LockedModel } from '../../manifest/lock.js';
import type { DeclaredModels } from './declared-models.js';

/** What a person should know of a lock although it was made: each with its next step. */
export function lockWarnings(declared: DeclaredModels, resolved: ReadonlyMap<string, LockedModel>): string[] {
  const { unknown, differing, models } = declared;
  const unlicensed = models.filter(({ name }) => resolved.has(name) && resolved.get(name)?.facts.license === undefined);
  return [
    ...unlicensed.map(({ name }) => `${name} tells no license; write \`license:\` at the model to record one`),
    ...differing.map(
      ({ name, profile }) =>
        `${profile === 'none' ? 'without a profile' : `with profile ${profile}`} ${name} is declared otherwise, and the lock holds one of each; give it another name there`,
    ),
    ...unknown.map(
      (profile) =>
        `${profile === 'none' ? 'without a profile' : `with profile ${profile}`} the manifest does not parse here, so no entry was removed; see \`npm run plan\` with it`,
    ),
  ];
}

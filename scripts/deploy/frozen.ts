import type { LoadPlan } from '../../manifest/load-plan.js';
import { lockPathOf } from '../../manifest/lock.js';
import { lockedPlans } from '../../ollama/load-step.js';
import { Failure, UsageError } from '../shell/problem.js';
import type { ProjectFile } from '../shell/project.js';

export interface FrozenFlags {
  readonly frozen: boolean;
  readonly 'no-frozen': boolean;
}

/**
 * Whether an `up` is held to the lock: when asked for, and by default in CI where there is a lock.
 * @throws Failure when it is asked for and there is none
 */
export function isFrozen(flags: FrozenFlags, { file, lock }: ProjectFile, env: NodeJS.ProcessEnv): boolean {
  if (flags.frozen && flags['no-frozen']) throw new UsageError('--frozen and --no-frozen exclude each other');
  if (flags.frozen && lock === undefined) {
    const message = `--frozen wants a lock, and there is no ${lockPathOf(file)}`;
    throw new Failure([{ code: 'no-lock', message, next: 'run `npm run lock` and commit what it writes' }]);
  }
  return flags.frozen || (!flags['no-frozen'] && lock !== undefined && (env['CI'] === 'true' || env['CI'] === '1'));
}

/** @throws Failure that names every model which the lock does not pin as it is declared now */
export function checkPinned(plans: readonly LoadPlan[], lockFile: string): void {
  const loose = new Map(
    plans
      .flatMap((plan) => lockedPlans(plan))
      .filter(({ content }) => content === undefined)
      .map(({ model, isStale }) => [model.name, isStale ? 'declared anew since it was locked' : 'not in it']),
  );
  if (loose.size === 0) return;
  const names = [...loose].map(([name, reason]) => `${name} (${reason})`).join(', ');
  const message = `${lockFile} does not pin ${loose.size} model${loose.size === 1 ? '' : 's'}: ${names}`;
  const next = 'run `npm run lock` and commit what it writes; `--no-frozen` loads without it';
  throw new Failure([{ code: 'not-locked', message, next }]);
}

import type { AccessKey } from '../../manifest/access-key.js';
import { grantedModels, keyNameFault } from '../../manifest/access-keys.js';
import { parseDuration } from '../../manifest/units.js';
import { UsageError } from '../shell/problem.js';

/** What `keys` is asked to do. */
export type KeyRequest =
  | { readonly action: 'list' }
  | { readonly action: 'add'; readonly name: string; readonly limits: KeyLimits }
  | { readonly action: 'revoke'; readonly name: string }
  /** `grace`: seconds that the key before is taken on. */
  | { readonly action: 'rotate'; readonly name: string; readonly grace: number };

type KeyLimits = Pick<AccessKey, 'models' | 'requestsPerMinute' | 'concurrency'>;

export interface KeyFlags {
  readonly models?: string | undefined;
  readonly rpm?: string | undefined;
  readonly concurrency?: string | undefined;
  readonly grace?: string | undefined;
}

/** More is no limit that anybody means, and HAProxy counts in 32 bits. */
const mostRequests = 1_000_000;
const defaultGrace = '10m';
/** Flags by the one action that takes them. */
const flagsOf = { add: ['models', 'rpm', 'concurrency'], rotate: ['grace'], list: [], revoke: [] } as const;

const usage = '`npm run keys -- add NAME`, `list`, `revoke NAME` or `rotate NAME`';

/**
 * @param declared canonical names of the models of the manifest
 * @throws UsageError for words or flags that mean nothing
 */
export function keyRequest(operands: readonly string[], flags: KeyFlags, declared: readonly string[]): KeyRequest {
  const [action = 'list', name, ...others] = operands;
  if (!isAction(action)) throw new UsageError(`keys knows no ${action}`, usage);
  const strange = (['models', 'rpm', 'concurrency', 'grace'] as const).find(
    (flag) => flags[flag] !== undefined && !(flagsOf[action] as readonly string[]).includes(flag),
  );
  if (strange !== undefined) throw new UsageError(`keys ${action} takes no --${strange}`, usage);
  if (action === 'list') {
    if (name !== undefined) throw new UsageError(`keys list takes no name, got ${name}`, usage);
    return { action };
  }
  if (name === undefined) throw new UsageError(`keys ${action} wants the name of a key`, usage);
  if (others.length > 0)
    throw new UsageError(`keys ${action} takes one name, got ${[name, ...others].join(' ')}`, usage);
  if (action === 'add') return { action, name: newName(name), limits: limits(flags, declared) };
  return action === 'rotate' ? { action, name, grace: grace(flags.grace ?? defaultGrace) } : { action, name };
}

const isAction = (text: string): text is keyof typeof flagsOf => Object.hasOwn(flagsOf, text);

function newName(name: string): string {
  const fault = keyNameFault(name);
  if (fault === undefined) return name;
  throw new UsageError(`${JSON.stringify(name)} cannot name a key`, fault);
}

function limits({ models, rpm, concurrency }: KeyFlags, declared: readonly string[]): KeyLimits {
  return {
    ...(models !== undefined && { models: modelsOf(models, declared) }),
    ...(rpm !== undefined && { requestsPerMinute: count('rpm', rpm) }),
    ...(concurrency !== undefined && { concurrency: count('concurrency', concurrency) }),
  };
}

function modelsOf(text: string, declared: readonly string[]): readonly string[] {
  const wanted = text.split(',').map((name) => name.trim());
  if (wanted.includes(''))
    throw new UsageError('--models wants names with a comma between them', 'without it, the key is for every model');
  const granted = grantedModels(wanted, declared);
  if (granted.problem !== undefined) throw new UsageError(`--models: ${granted.problem}`, granted.hint);
  return granted.models;
}

function count(flag: string, text: string): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= mostRequests) return value;
  throw new UsageError(
    `--${flag} wants a number from 1 to ${mostRequests}, got ${text}`,
    'without it, there is no limit',
  );
}

function grace(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 0 && ms < 8e12) return ms / 1000;
  throw new UsageError(`--grace wants a time such as 10m, 24h or 0s, got ${text}`);
}

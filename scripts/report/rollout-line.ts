import type { RolloutStep } from '../../gateway/rollout-event.js';

/** The servers that a step is about, and what happens to their requests. */
export interface Movement {
  /** `main-0, main-1` */
  readonly servers: string;
  readonly what: string;
}

type MovementStep = Exclude<RolloutStep, { readonly step: 'certificate' | 'warning' | 'failed' }>;

/** A step in words, for the lines of the verbs and for the progress of `up`. */
export function movement(step: MovementStep): Movement {
  return { servers: step.servers.join(', ') || 'no server', what: words(step) };
}

function words(step: MovementStep): string {
  switch (step.step) {
    case 'moving':
      return 'getting requests …';
    case 'serving':
      return step.servers.length === 1 ? 'gets requests' : 'get requests';
    case 'draining':
      return `waiting for ${counted(step.requests)} to end`;
    case 'drained':
      return 'nothing left to answer';
    default:
      return `${counted(step.requests)} did not end in time and will be cut`;
  }
}

const counted = (requests: number): string =>
  requests === 0 ? 'idle connections' : `${requests} request${requests === 1 ? '' : 's'}`;

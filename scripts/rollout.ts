import { rollOut } from '../gateway/rollout.js';
import { runGatewayVerb } from './deploy/gateway-verb.js';

/** Moves requests to the servers of a plan and waits for those that go; Terraform runs it (docs/adr/0016-updates-without-downtime.md). */
export async function main(argv: string[]): Promise<number> {
  return runGatewayVerb('rollout', argv, rollOut);
}

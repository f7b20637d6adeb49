import { ensureGateway } from '../gateway/rollout.js';
import { runGatewayVerb } from './deploy/gateway-verb.js';

/** Makes ready what a gateway needs before anything is changed; Terraform runs it (docs/adr/0015-keys-in-a-volume.md). */
export async function main(argv: string[]): Promise<number> {
  return runGatewayVerb('ensure-gateway', argv, ensureGateway);
}

import { computeText, type GpuFinding } from '../../manifest/gpu-proof.js';
import { type GatewayStatus, gatewayTroubles } from '../report/gateway-lines.js';
import type { ServerStatus } from '../report/server-status.js';
import { modelTrouble, serverTroubles } from '../report/server-status.js';
import type { Advice } from '../smoke/gpu-advice.js';
import { lostCodes } from '../smoke/gpu-advice.js';
import type { GpuVerdict } from '../smoke/gpu-proof.js';
import type { GpuWord, Observation, Trouble } from './watch-state.js';

/** What the proof of a server's GPU found: of the server, and of each model in its memory. */
export interface GpuEvidence {
  readonly declared: boolean;
  readonly server?: GpuVerdict;
  readonly models: readonly { readonly name: string; readonly share: number; readonly verdict: GpuVerdict }[];
}

/** Puts together what a server says of itself and what was found about its GPU. */
export function observationOf(status: ServerStatus, evidence: GpuEvidence): Observation {
  const verdicts = [
    ...(evidence.server ? [{ subject: undefined, verdict: evidence.server }] : []),
    ...evidence.models.map(({ name, verdict }) => ({ subject: name, verdict })),
  ];
  const findings = verdicts.flatMap(({ subject, verdict }) =>
    verdict.findings.filter(({ severity }) => severity === 'error').map((finding) => ({ subject, finding })),
  );
  const advice = uniqueAdvice(verdicts.flatMap(({ verdict }) => verdict.advice));
  return {
    gpu: gpuWord(
      evidence,
      findings.map(({ finding }) => finding),
    ),
    troubles: [
      ...statusTroubles(status),
      ...findings.map(({ subject, finding: { code, message } }): Trouble => ({
        code,
        ...(subject !== undefined && { subject }),
        message,
      })),
    ],
    advice,
    restartHelps: advice[0]?.restart === true,
    seen: seenText(status, evidence),
  };
}

function statusTroubles(status: ServerStatus): Trouble[] {
  const messages = serverTroubles(status).map((text) => text.replace(/^server \S+: /, ''));
  if (!status.up) return messages.map((message) => ({ code: `server-${status.state}`, message }));
  const models = status.models.filter((model) => modelTrouble(model) !== undefined);
  return messages.map((message, index) => ({ code: 'model', subject: models[index]?.name ?? '', message }));
}

function uniqueAdvice(advice: readonly Advice[]): Advice[] {
  return [...new Map(advice.map((one) => [one.code, one])).values()];
}

function gpuWord({ declared, server, models }: GpuEvidence, errors: readonly GpuFinding[]): GpuWord {
  if (errors.some(({ code }) => lostCodes.has(code))) return 'lost';
  if (errors.length > 0) return 'wrong';
  if (!declared) return 'none';
  const found = server !== undefined && server.look.devices.length > 0;
  return found || models.some(({ share }) => share > 0) ? 'used' : 'unproven';
}

function seenText({ version, models }: ServerStatus, { declared, server }: GpuEvidence): string {
  const wanted = models.filter((model) => model.declared);
  const present = wanted.filter((model) => model.present).length;
  const devices = server?.look.devices ?? [];
  const gpu = devices.length > 0 ? `, ${computeText(devices)}` : ', GPU not proven (nothing is loaded)';
  return `Ollama ${version ?? 'does not answer'}, ${present} of ${wanted.length} models${declared ? gpu : ''}`;
}

/** What a look at the gateway saw. */
export function gatewayObservation(status: GatewayStatus): Observation {
  const messages = gatewayTroubles(status).map((text) => text.replace(/^gateway: /, ''));
  const code = status.up ? 'certificate' : `gateway-${status.state}`;
  const troubles = messages.map((message) => ({ code, message }));
  return { gpu: 'none', troubles, advice: [], restartHelps: false, seen: `closed to who has no key, at ${status.url}` };
}

/** What to say of a server when nobody could look, because the engine refused. */
export function unseen(message: string): Observation {
  return { gpu: 'unproven', troubles: [{ code: 'engine', message }], advice: [], restartHelps: false, seen: '' };
}

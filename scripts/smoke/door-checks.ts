import { X509Certificate } from 'node:crypto';
import { modelNameKey } from '../../manifest/model-ref.js';
import { type Check, CheckFailed, excerpt } from './check.js';
import { askDoor, type DoorAnswer, type DoorRequest } from '../deploy/door-answer.js';
import { type DoorTarget, ownAuthority } from './door.js';
import { repeatable } from './model-checks.js';

/** What holds of a gateway for everybody: who it is, and that it is closed. */
export function closedDoorChecks(target: DoorTarget): Check[] {
  const { gateway } = target;
  return [
    ...(gateway.tls.kind === 'none' ? [] : [certificateCheck(target)]),
    {
      name: 'no key',
      run: async () => {
        const answer = await ask(gateway, { path: '/api/version' });
        expectStatus(answer, 401);
        if (!answer.challenge?.startsWith('Bearer')) throw new CheckFailed('401 without WWW-Authenticate: Bearer');
        return 'refused (401)';
      },
    },
    {
      name: 'wrong key',
      run: async () => {
        expectStatus(await ask(gateway, { path: '/api/version', key: `osk_${'0'.repeat(43)}` }), 401);
        return 'refused (401)';
      },
    },
  ];
}

/** What holds for a key that is for the target's model only. */
export function openDoorChecks({ gateway, model }: DoorTarget, key: string): Check[] {
  return [
    {
      name: 'management',
      run: async () => {
        expectStatus(await ask(gateway, { path: '/api/pull', body: { model: 'none' }, key }), 403);
        return 'refused (403)';
      },
    },
    {
      name: 'models',
      run: async () => {
        const answer = expectStatus(await ask(gateway, { path: '/v1/models', key }), 200);
        const { data } = JSON.parse(answer.text) as { data?: readonly { readonly id: string }[] | null };
        const listed = (data ?? []).map(({ id }) => id);
        const wanted = model === undefined ? [] : [model];
        if (keysOf(listed) !== keysOf(wanted))
          throw new CheckFailed(`a key for ${wanted.join(', ') || 'no model'} is shown ${listed.join(', ') || 'none'}`);
        return `${listed.length} listed`;
      },
    },
    ...(model === undefined ? [] : [answerCheck({ gateway }, model, key)]),
  ];
}

/** A model answers through the door: to a prompt, or with a vector where it can do nothing else. */
function answerCheck({ gateway }: Pick<DoorTarget, 'gateway'>, model: string, key: string): Check {
  return {
    name: 'through the gateway',
    run: async () => {
      const shown = expectStatus(await ask(gateway, { path: '/api/show', body: { model }, key }), 200);
      const { capabilities = [] } = JSON.parse(shown.text) as { readonly capabilities?: readonly string[] };
      if (!capabilities.includes('completion')) {
        const answer = await ask(gateway, { path: '/api/embed', body: { model, input: 'one' }, key });
        const { embeddings = [] } = JSON.parse(expectStatus(answer, 200).text) as { embeddings?: readonly number[][] };
        if ((embeddings[0]?.length ?? 0) === 0) throw new CheckFailed('the vector is empty');
        return `1 vector of ${embeddings[0]?.length} numbers`;
      }
      const body = { model, prompt: 'Why is the sky blue?', options: { ...repeatable, num_predict: 8 } };
      const answer = expectStatus(await ask(gateway, { path: '/api/generate', body, key }), 200);
      return streamText(answer.text);
    },
  };
}

interface Part {
  readonly response?: string;
  readonly thinking?: string;
  readonly done?: boolean;
  readonly error?: string;
}

function streamText(stream: string): string {
  const parts = stream
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Part);
  const failed = parts.find(({ error }) => error !== undefined)?.error;
  if (failed !== undefined) throw new CheckFailed(failed);
  if (parts.at(-1)?.done !== true)
    throw new CheckFailed(`the stream ended after ${parts.length} parts without its last`);
  const text = parts.map(({ response = '', thinking = '' }) => response + thinking).join('');
  if (text.trim() === '') throw new CheckFailed('the answer is empty');
  return `${parts.length} parts, ${excerpt(text)}`;
}

/** A local certificate comes from the project's authority and is for the address; one of files is the declared one. */
function certificateCheck(target: DoorTarget): Check {
  const { gateway } = target;
  const { tls } = gateway;
  return {
    name: 'certificate',
    run: async () => {
      const authority = tls.kind === 'local' ? await ownAuthority(target) : undefined;
      const { certificate } = await ask(gateway, { path: '/api/version', authority });
      if (certificate === undefined) throw new CheckFailed('it showed no certificate');
      const end = certificate.end.toISOString().slice(0, 10);
      if (certificate.end <= new Date()) throw new CheckFailed(`it ended on ${end}`);
      if (tls.kind === 'files' && new X509Certificate(tls.chain).fingerprint256 !== certificate.fingerprint)
        throw new CheckFailed('it is not the declared one; `npm run up` puts that in force');
      return `${tls.kind === 'local' ? "of the project's authority" : 'the declared one'}, until ${end}`;
    },
  };
}

/** Long enough for a model to be loaded. */
const patience = 300_000;

const ask = (gateway: DoorTarget['gateway'], question: Omit<DoorRequest, 'patience'>): Promise<DoorAnswer> =>
  askDoor(gateway, { ...question, patience });

const keysOf = (names: readonly string[]): string => names.map(modelNameKey).toSorted().join();

function expectStatus(answer: DoorAnswer, status: number): DoorAnswer {
  if (answer.status === status) return answer;
  throw new CheckFailed(`HTTP ${answer.status} instead of ${status}: ${excerpt(answer.text, 200)}`);
}

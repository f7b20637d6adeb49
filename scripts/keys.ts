import { createKeyText, keyHash } from '../gateway/access-key.js';
import { changeKeys, type KeysChanged, readKeys } from '../gateway/key-store.js';
import type { KeyFile } from '../manifest/access-key.js';
import { addKey, expireKeys, type KeyChange, revokeKey, rotateKey } from '../manifest/access-keys.js';
import { formatDuration } from '../manifest/units.js';
import { gatewayPlace, openGatewayProject, type GatewayPlace } from './keys/gateway-place.js';
import { type KeyRequest, keyRequest } from './keys/key-request.js';
import { keyTable, publicKeyFacts } from './keys/key-table.js';
import { row } from './report/row.js';
import { exitCode } from './shell/exit-code.js';
import { manifestFlags, runVerb, type Values } from './shell/verb.js';

const verb = {
  name: 'keys',
  summary: 'The keys that the gateway takes: makes one and prints it, once; lists, revokes and rotates them.',
  operands: 'add NAME | list | revoke NAME | rotate NAME',
  flags: {
    ...manifestFlags,
    models: { type: 'string', value: 'A,B', help: 'add: the models it may use (default: all)' },
    rpm: { type: 'string', value: 'N', help: 'add: requests in any 60 seconds (default: no limit)' },
    concurrency: { type: 'string', value: 'N', help: 'add: requests at once (default: no limit)' },
    grace: { type: 'string', value: 'TIME', help: 'rotate: how long the old key is taken on (default: 10m)' },
    json: { type: 'boolean', help: 'print the result as JSON' },
  },
} as const;

export async function main(argv: string[]): Promise<number> {
  return runVerb(verb, argv, manage);
}

async function manage(flags: Values<typeof verb.flags>, operands: readonly string[]): Promise<number> {
  const project = await openGatewayProject(flags);
  const declared = project.manifest.models.map(({ name }) => name);
  const request = keyRequest(operands, flags, declared);
  const place = await gatewayPlace(project);
  return request.action === 'list' ? list(place, flags.json) : change(place, request, flags.json);
}

async function list({ access, docker }: GatewayPlace, json: boolean): Promise<number> {
  const { keys } = expireKeys(await readKeys(access, docker), new Date());
  const facts = keys.map(publicKeyFacts);
  process.stdout.write(json ? `${JSON.stringify({ keys: facts }, undefined, 2)}\n` : keyTable(keys));
  return exitCode.fine;
}

type Change = Exclude<KeyRequest, { readonly action: 'list' }>;

async function change({ access, docker }: GatewayPlace, request: Change, json: boolean): Promise<number> {
  const key = request.action === 'revoke' ? undefined : createKeyText();
  const changed = await changeKeys(access, (file) => changeOf(file, request, key ?? ''), docker);
  report(request, changed, key, json);
  // The key is shown nevertheless: it is written, and nobody could read it again.
  if (changed.untold !== undefined) throw changed.untold;
  return exitCode.fine;
}

function changeOf(file: KeyFile, request: Change, key: string): KeyChange {
  const now = new Date();
  const sha256 = keyHash(key);
  if (request.action === 'revoke') return revokeKey(file, request.name);
  if (request.action === 'rotate') return rotateKey(file, request.name, { sha256, now, grace: request.grace });
  return addKey(file, { name: request.name, sha256, created: now.toISOString(), ...request.limits });
}

const done = { add: 'added', revoke: 'revoked', rotate: 'rotated' } as const;

/** The key alone is on stdout, so that it can be piped; what goes with it is for the person. */
function report(request: Change, { file, told, untold }: KeysChanged, key: string | undefined, json: boolean): void {
  const { action, name } = request;
  const counts = told ? 'now' : 'from the next start';
  if (json) {
    const found = file.keys.find((one) => one.name === name);
    const facts = { name, ...(key !== undefined && { key }), ...(found && publicKeyFacts(found)), counts };
    process.stdout.write(`${JSON.stringify(facts, undefined, 2)}\n`);
    return;
  }
  const when = told ? 'the gateway has it' : 'counts from the next start of the gateway (`npm run up`)';
  if (untold === undefined) process.stderr.write(`${row('key', name, `${done[action]}; ${when}`)}\n`);
  if (request.action === 'rotate') process.stderr.write(`${row('', '', graceText(request.grace))}\n`);
  if (key === undefined) return;
  process.stderr.write(`${row('', '', 'shown once: only its hash is kept')}\n`);
  process.stdout.write(`${key}\n`);
}

function graceText(seconds: number): string {
  return seconds === 0
    ? 'the old key is refused'
    : `the old key is taken for another ${formatDuration(seconds * 1000)}`;
}

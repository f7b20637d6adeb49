import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Gateway } from '../../manifest/gateway.js';
import { gatewayUrl } from '../../manifest/gateway-url.js';

/** One request to a gateway. */
export interface DoorRequest {
  readonly path: string;
  /** Sent by POST, as JSON. */
  readonly body?: object;
  readonly key?: string;
  /** Milliseconds of silence after which the answer is given up. */
  readonly patience: number;
  /** Certificates that the one of the gateway has to come from, in PEM; without them it is not asked who it is. */
  readonly authority?: string | undefined;
}

/** A whole answer. */
export interface DoorAnswer {
  readonly status: number;
  /** Its `WWW-Authenticate`. */
  readonly challenge: string | undefined;
  readonly text: string;
  /** What was shown: SHA-256 (`AB:CD:…`) and end of the certificate; absent without TLS. */
  readonly certificate?: { readonly fingerprint: string; readonly end: Date };
}

/** Asks a gateway as a client on this machine does. Rejects with Node's own error when it does not answer. */
export async function askDoor(gateway: Gateway, question: DoorRequest): Promise<DoorAnswer> {
  const answer = await send(gateway, question);
  const certificate = gateway.tls.kind === 'none' ? undefined : shownCertificate(answer.socket as TLSSocket);
  const text = (await answer.setEncoding('utf8').toArray()).join('');
  const { statusCode: status = 0, headers } = answer;
  return { status, challenge: headers['www-authenticate'], text, ...(certificate && { certificate }) };
}

async function send(gateway: Gateway, { path, body, key, patience, authority }: DoorRequest): Promise<IncomingMessage> {
  const text = body && JSON.stringify(body);
  const { request } = gateway.tls.kind === 'none' ? await import('node:http') : await import('node:https');
  const options = {
    // A connection that takes up an earlier session shows no certificate.
    agent: false,
    method: text === undefined ? 'GET' : 'POST',
    headers: {
      ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    ...(authority === undefined ? { rejectUnauthorized: false } : { ca: authority }),
    timeout: patience,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(`${gatewayUrl(gateway)}${path}`), options, resolve);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${patience / 1000} s`)));
    outgoing.on('error', reject).end(text);
  });
}

function shownCertificate(socket: TLSSocket): DoorAnswer['certificate'] {
  const { fingerprint256, valid_to: end } = socket.getPeerCertificate();
  return { fingerprint: fingerprint256, end: new Date(end) };
}

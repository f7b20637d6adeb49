import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAuthority, type Issued, issueCertificate } from '../../gateway/certificate-authority.js';
import { certificateFacts, keyOf } from '../../gateway/certificate.js';
import { run } from '../support/project.js';

const now = new Date('2026-11-23T12:00:00Z');
const names = ['localhost', '127.0.0.1', '::1', '2001:db8::a', 'door.example', '*.team.example', 'p-gateway'];
const day = 86_400_000;
let authority: Issued;
let folder: string;
const file = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'authority-'));
  authority = await createAuthority('team', now);
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

it('makes an authority of ten years that signs no other authority', () => {
  const certificate = new X509Certificate(authority.certificate);
  const { subject, issuer, from, end } = certificateFacts(certificate);
  expect([subject, issuer]).toEqual(Array.from({ length: 2 }, () => 'CN=ollama-stacks gateway of team'));
  expect(certificate.ca).toBe(true);
  expect(certificate.checkPrivateKey(keyOf(authority.key))).toBe(true);
  expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  expect(end.getTime() - now.getTime()).toBe(3650 * day);
  expect(from < now).toBe(true);
});

it('issues a certificate that OpenSSL accepts for each name, and no other', async () => {
  const issued = await issueCertificate(authority, names, now);
  await writeFile(file('ca.pem'), authority.certificate);
  await writeFile(file('leaf.pem'), issued.certificate);
  const verify = async (...flags: string[]): Promise<string> => {
    const at = String(now.getTime() / 1000);
    const strict = ['-x509_strict', '-purpose', 'sslserver', '-attime', at, '-CAfile', file('ca.pem')];
    return (await run('openssl', ['verify', ...strict, ...flags, file('leaf.pem')])).output.trim();
  };
  const ok = `${file('leaf.pem')}: OK`;
  for (const flags of [
    ['-verify_hostname', 'localhost'],
    ['-verify_hostname', 'door.example'],
    ['-verify_hostname', 'x.team.example'],
    ['-verify_hostname', 'p-gateway'],
    ['-verify_ip', '127.0.0.1'],
    ['-verify_ip', '::1'],
    ['-verify_ip', '2001:db8:0::a'],
  ])
    expect(await verify(...flags)).toBe(ok);
  expect(await verify('-verify_hostname', 'other.example')).toContain('mismatch');
  expect(await verify('-verify_ip', '127.0.0.2')).toContain('mismatch');
  const leaf = new X509Certificate(issued.certificate);
  expect(leaf.ca).toBe(false);
  expect(certificateFacts(leaf).end.getTime() - now.getTime()).toBe(397 * day);
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
});

it('never outlives its authority, and never repeats a serial number', async () => {
  const late = new Date(now.getTime() + 3600 * day);
  const [one, two] = await Promise.all([
    issueCertificate(authority, names, late),
    issueCertificate(authority, names, late),
  ]);
  const first = new X509Certificate(one.certificate);
  expect(certificateFacts(first).end.getTime() - late.getTime()).toBe(50 * day);
  expect(first.serialNumber).not.toBe(new X509Certificate(two.certificate).serialNumber);
});

it('is trusted by a TLS client that knows the authority, and by no other', async () => {
  const fresh = await createAuthority('fresh');
  const issued = await issueCertificate(fresh, ['localhost', '127.0.0.1']);
  const server = createServer({ cert: issued.certificate, key: issued.key }, (_, answer) => answer.end('fine'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (ca?: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, agent: false, ...(ca && { ca }) }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      })
        .on('error', reject)
        .end();
    });
  try {
    expect(await ask(fresh.certificate)).toBe(200);
    await expect(ask()).rejects.toThrow(/unable to verify|self-signed|unable to get/i);
    await expect(ask(authority.certificate)).rejects.toThrow(/unable to verify|unable to get/i);
  } finally {
    server.close();
  }
});

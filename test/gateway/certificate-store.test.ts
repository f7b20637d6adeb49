import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { createAuthority, issueCertificate } from '../../gateway/certificate-authority.js';
import { certificateNames, ensureCertificate, readCertificates } from '../../gateway/certificate-store.js';
import { keyOf } from '../../gateway/certificate.js';
import { withVolume } from '../../gateway/volume.js';
import { docker } from '../support/project.js';
import { createCertificate, type TestCertificate } from '../support/test-certificate.js';
import { fileMode, randomAccess, removeGateway } from './gateway-container.js';

// A helper container takes half a second, and several on a machine that works.
vi.setConfig({ testTimeout: 90_000 });

let access = randomAccess();
let folder: string;
let files: TestCertificate;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'certificate-store-'));
  files = await createCertificate(folder, '127.0.0.1');
});
afterAll(async () => rm(folder, { recursive: true, force: true }));
afterEach(async () => removeGateway(access));

const read = async (file: string): Promise<string | undefined> =>
  withVolume(access, 'read', (volume) => volume.read(file));
const fingerprint = async (file: string): Promise<string> =>
  new X509Certificate((await read(file)) ?? '').fingerprint256;

it('names what clients may call this machine', () => {
  const tls = { kind: 'local', names: ['Door.example', '10.0.0.9', 'localhost'] } as const;
  const of = (address: string): string[] => certificateNames({ address, container: 'p-gateway', tls });
  const declared = ['door.example', '10.0.0.9', 'p-gateway'];
  expect(of('127.0.0.1')).toEqual(['localhost', '127.0.0.1', '::1', ...declared]);
  expect(of('0.0.0.0')).toEqual(['localhost', '127.0.0.1', '::1', ...declared]);
  expect(of('::')).toEqual(['localhost', '127.0.0.1', '::1', ...declared]);
  expect(of('192.0.2.7')).toEqual(['localhost', '127.0.0.1', '::1', '192.0.2.7', ...declared]);
});

it('makes an authority once, and a certificate when names or time ask for it', async () => {
  access = randomAccess({ kind: 'local', names: ['door.example'] });
  const made = await ensureCertificate(access, '.');
  expect(made).toMatchObject({ action: 'made', reason: 'there was none', warnings: [] });
  expect(made.certificateEnd).toBeCloseTo(Date.now() / 1000 + 397 * 86_400, -2);
  const authority = await fingerprint('ca/ca.pem');
  const first = await fingerprint('tls.pem');
  expect(await fileMode(access, 'tls.pem')).toBe('400 99 99');
  expect(await fileMode(access, 'ca/ca.key')).toBe('600 0 0');
  expect(await fileMode(access, 'ca/ca.pem')).toBe('444 0 0');

  expect(await ensureCertificate(access, '.')).toEqual({
    action: 'kept',
    certificateEnd: made.certificateEnd,
    warnings: [],
  });
  expect(await fingerprint('tls.pem')).toBe(first);
  const wider = { ...access, tls: { kind: 'local', names: ['door.example', '2001:db8::a'] } } as const;
  expect(await ensureCertificate(wider, '.')).toMatchObject({ action: 'made', reason: 'its names changed' });
  expect(await ensureCertificate(wider, '.', {}, true)).toMatchObject({ action: 'made', reason: 'asked for' });
  const shown = await readCertificates(access);
  expect(shown?.chain.map((one) => one.checkIP('2001:db8::a'))).toEqual(['2001:db8::a']);
  expect(shown?.authority).toContain('BEGIN CERTIFICATE');
  expect(JSON.stringify(shown)).not.toContain('PRIVATE');

  const old = { certificate: (await read('ca/ca.pem')) ?? '', key: (await read('ca/ca.key')) ?? '' };
  const nearEnd = await issueCertificate(old, certificateNames(access), new Date(Date.now() - 370 * 86_400_000));
  const foreign = await issueCertificate(await createAuthority('other'), certificateNames(access));
  const cases = [
    [`${nearEnd.certificate}${nearEnd.key}`, 'it was about to end'],
    [`${foreign.certificate}${foreign.key}`, 'it was not of the authority'],
    [`${nearEnd.certificate}${foreign.key}`, 'its key is another'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'it could not be read'],
  ] as const;
  for (const [text, reason] of cases) {
    await withVolume(access, 'write', (volume) => volume.write('tls.pem', text, 'gatewayOnly'));
    expect(await ensureCertificate(access, '.')).toMatchObject({ action: 'made', reason });
  }
  expect(await fingerprint('ca/ca.pem')).toBe(authority);
});

it('leaves a damaged authority to the user, and replaces one that ends', async () => {
  access = randomAccess({ kind: 'local', names: [] });
  const other = await createAuthority('other');
  const ending = await createAuthority('ending', new Date(Date.now() - 3640 * 86_400_000));
  const put = async (certificate: string, key: string): Promise<void> =>
    withVolume(access, 'write', async (volume) => {
      await volume.write('ca/ca.pem', certificate, 'everybody');
      await volume.write('ca/ca.key', key, 'root');
    });
  await put(ending.certificate, other.key);
  await expect(ensureCertificate(access, '.')).rejects.toMatchObject({
    code: 'authority-damaged',
    message: expect.stringContaining(access.volume),
    next: expect.stringContaining('ca/ca.key'),
  });
  expect(await read('ca/ca.pem')).toBe(ending.certificate);
  await put(ending.certificate, ending.key);
  expect(await ensureCertificate(access, '.')).toMatchObject({ action: 'made' });
  expect(await read('ca/ca.pem')).not.toBe(ending.certificate);
});

it('installs declared files relative to the manifest, when they changed, and nothing that cannot serve', async () => {
  const root = path.basename(folder);
  access = { ...randomAccess({ kind: 'files', certificate: 'server.pem', key: './server.key' }), root };
  const settled = await ensureCertificate(access, path.dirname(folder));
  expect(settled).toMatchObject({ action: 'installed', warnings: [{ code: 'certificate-ends-soon' }] });
  const text = (await read('tls.pem')) ?? '';
  expect(new X509Certificate(text).checkPrivateKey(keyOf(await readFile(files.key, 'utf8')))).toBe(true);
  expect(text.match(/-----BEGIN/g)).toHaveLength(2);
  expect(await ensureCertificate(access, path.dirname(folder))).toMatchObject({ action: 'kept' });

  await writeFile(path.join(folder, 'other.key'), (await createAuthority('x')).key);
  const wrong = { ...access, tls: { kind: 'files', certificate: 'server.pem', key: 'other.key' } } as const;
  await expect(ensureCertificate(wrong, path.dirname(folder))).rejects.toMatchObject({
    code: 'certificate-key-mismatch',
  });
  expect(await read('tls.pem')).toBe(text);

  const plain = { ...access, tls: { kind: 'none' } } as const;
  expect(await ensureCertificate(plain, '.')).toEqual({ action: 'none', warnings: [] });
  expect(await read('tls.pem')).toBeUndefined();
  expect(await docker('volume', 'ls', '--quiet', '--filter', `name=${access.volume}`)).toBe(access.volume);
});

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAuthority, issueCertificate } from '../../gateway/certificate-authority.js';
import { certificateFileFindings, certificateFindings, type CertificatePair } from '../../gateway/certificate.js';
import { run } from '../support/project.js';
import { createCertificate, type TestCertificate } from '../support/test-certificate.js';

let folder: string;
let files: TestCertificate;
let pair: CertificatePair;
const day = 86_400_000;
const file = (name: string): string => path.join(folder, name);
const codes = (change: Partial<CertificatePair>, now = new Date()): string[] =>
  certificateFindings({ ...pair, ...change }, now).map(({ code }) => code);
const openssl = async (...argv: string[]): Promise<void> => {
  const { code, output } = await run('openssl', argv);
  if (code !== 0) throw new Error(output);
};

const found = (change: Partial<CertificatePair>): string[] =>
  codes(change).filter((code) => code !== 'certificate-ends-soon');

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'certificate-'));
  files = await createCertificate(folder, '127.0.0.1');
  const [certificate, key] = await Promise.all([readFile(files.certificate, 'utf8'), readFile(files.key, 'utf8')]);
  pair = { certificate, key, certificateName: 'cert.pem', keyName: 'key.pem' };
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

it('finds nothing but a near end in a certificate of one day, in files of any line ends', async () => {
  expect(codes({})).toEqual(['certificate-ends-soon']);
  expect(codes({ certificate: pair.certificate.replaceAll('\n', '\r\n'), key: `text before\n${pair.key}` })).toEqual([
    'certificate-ends-soon',
  ]);
  const issued = await issueCertificate(await createAuthority('x'), ['localhost']);
  expect(codes(issued)).toEqual([]);
  const { findings } = await certificateFileFindings(files);
  expect(findings).toMatchObject([{ warning: true, message: expect.stringContaining(files.certificate) }]);
});

it('knows a certificate that ended or has not begun', () => {
  expect(codes({}, new Date(Date.now() + 2 * day))).toEqual(['certificate-expired']);
  expect(codes({}, new Date(Date.now() - 2 * day))).toEqual(['certificate-not-yet-valid']);
  const [expired] = certificateFindings(pair, new Date(Date.now() + 2 * day));
  expect(expired).toMatchObject({
    warning: false,
    message: expect.stringMatching(/^the certificate cert\.pem ended on \d{4}-\d\d-\d\d \d\d:\d\d UTC$/),
  });
});

it('knows a key that is not there, encrypted, of another, weak, or in the wrong file', async () => {
  const [, other, encrypted, old] = await Promise.all([
    openssl('genrsa', '-out', file('weak.key'), '1024'),
    readFile(file('ca.key'), 'utf8'),
    openssl('pkey', '-in', files.key, '-aes256', '-passout', 'pass:x', '-out', file('encrypted.key')).then(() =>
      readFile(file('encrypted.key'), 'utf8'),
    ),
    openssl('ec', '-in', files.key, '-aes256', '-passout', 'pass:x', '-out', file('old.key')).then(() =>
      readFile(file('old.key'), 'utf8'),
    ),
  ]);
  expect(found({ key: '' })).toEqual(['certificate-key-absent']);
  expect(found({ key: pair.certificate })).toEqual(['certificate-key-absent']);
  expect(found({ key: encrypted })).toEqual(['certificate-key-encrypted']);
  expect(found({ key: old })).toEqual(['certificate-key-encrypted']);
  expect(found({ key: other })).toEqual(['certificate-key-mismatch']);
  expect(found({ key: await readFile(file('weak.key'), 'utf8') })).toEqual([
    'certificate-key-weak',
    'certificate-key-mismatch',
  ]);
  expect(found({ certificate: `${pair.certificate}${pair.key}` })).toEqual(['certificate-holds-key']);
});

it('knows a file without a certificate, a damaged one, and a chain in the wrong order', async () => {
  expect(codes({ certificate: 'hello' })).toEqual(['certificate-absent']);
  expect(codes({ certificate: pair.key })).toContain('certificate-absent');
  expect(codes({ certificate: pair.certificate.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA') })).toEqual([
    'certificate-damaged',
  ]);
  const ca = await readFile(files.ca, 'utf8');
  expect(codes({ certificate: `${ca}${pair.certificate}` })).toContain('certificate-order');
  expect(codes({ certificate: `${pair.certificate}${ca}` })).toEqual(['certificate-ends-soon']);
});

it('names files that cannot be read', async () => {
  await writeFile(file('empty.pem'), '');
  const { findings, pair: none } = await certificateFileFindings({ certificate: file('none.pem'), key: folder });
  expect(none).toBeUndefined();
  expect(findings).toMatchObject([
    {
      code: 'certificate-unreadable',
      message: `cannot read the gateway's certificate ${file('none.pem')}: there is no such file`,
    },
    { code: 'certificate-unreadable', message: expect.stringContaining(`cannot read the gateway's key ${folder}: `) },
  ]);
  await chmod(files.key, 0);
  if (process.getuid?.() === 0) process.seteuid?.(65_534);
  const forbidden = await certificateFileFindings(files).finally(() => {
    if (process.getuid?.() === 0) process.seteuid?.(0);
  });
  expect(forbidden.findings.at(-1)).toMatchObject({
    code: 'certificate-unreadable',
    message: `cannot read the gateway's key ${files.key}: you may not read it`,
  });
  const empty = await certificateFileFindings({ certificate: file('empty.pem'), key: file('empty.pem') });
  expect(empty.findings.map(({ code }) => code)).toEqual(['certificate-absent', 'certificate-key-absent']);
});

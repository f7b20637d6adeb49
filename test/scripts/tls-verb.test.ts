import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureCertificate, type CertificateAccess } from '../../gateway/certificate-store.js';
import { withVolume } from '../../gateway/volume.js';
import { haproxyImage, removeGateway, startGateway } from '../gateway/gateway-container.js';
import { type Project, type Ran, run } from '../support/project.js';
import { createCertificate } from '../support/test-certificate.js';
import { gatewayProject } from './keys-project.js';

let project: Project;
let access: CertificateAccess;
const tls = async (...argv: string[]): Promise<Ran> => project.verb('tls', ...argv);

beforeAll(async () => {
  project = await gatewayProject('{ names: [door.example] }');
  const container = `${project.name}-gateway`;
  const place = { address: '127.0.0.1', root: '.', tls: { kind: 'local', names: ['door.example'] } } as const;
  access = { project: project.name, container, volume: container, image: haproxyImage, ...place };
});
afterAll(async () => {
  await removeGateway(access);
  await project.remove();
});

it('shows, trusts and renews the certificate of our authority', { timeout: 120_000 }, async () => {
  expect(await tls('show')).toMatchObject({ code: 1, stderr: expect.stringContaining('no certificate yet') });
  const { url } = await startGateway(access);
  const curl = async (): Promise<{ status: string; serial: string }> => {
    const argv = [
      '--silent',
      '--cacert',
      project.file('trust/ca.pem'),
      '--write-out',
      '%{http_code}',
      '--output',
      '/dev/null',
    ];
    const { port } = new URL(url);
    const text = `openssl s_client -connect localhost:${port} </dev/null 2>/dev/null | openssl x509 -noout -serial`;
    return {
      status: (await run('curl', [...argv, url])).stdout,
      serial: (await run('sh', ['-c', text])).stdout.trim(),
    };
  };
  const trust = await tls('trust', '--out', project.file('trust/ca.pem'));
  expect(trust.code).toBe(0);
  for (const word of [
    'curl --cacert',
    'NODE_EXTRA_CA_CERTS=',
    'SSL_CERT_FILE=',
    'REQUESTS_CA_BUNDLE=',
    'update-ca-certificates',
  ])
    expect(trust.stdout).toContain(word);
  for (const word of ['update-ca-trust', 'security add-trusted-cert', 'certutil', 'https://127.0.0.1:11443'])
    expect(trust.stdout).toContain(word);
  const piped = await tls('trust');
  expect(piped.stdout).toBe(await readFile(project.file('trust/ca.pem'), 'utf8'));
  expect(piped.stderr).toContain(new X509Certificate(piped.stdout).fingerprint256);

  const before = await curl();
  expect(before.status).toBe('401');
  const shown = JSON.parse((await tls('show', '--json')).stdout);
  expect(shown.certificate.names).toEqual(expect.arrayContaining(['localhost', 'door.example', access.container]));
  const renewed = await tls('renew');
  expect(renewed).toMatchObject({ code: 0, stdout: expect.stringContaining('the gateway shows it') });
  const after = await curl();
  expect(after.status).toBe('401');
  expect(after.serial).not.toBe(before.serial);
  const text = await tls('show');
  expect(text.stdout).toMatch(/^tls\s+CN=localhost\s+by CN=ollama-stacks gateway of /);
  expect(text.stdout).toMatch(/ends\s+\d{4}-\d\d-\d\d \d\d:\d\d UTC, in 39[67] days/);
  const key = await withVolume(access, 'read', (volume) => volume.read('ca/ca.key'));
  expect(`${text.output}${piped.output}${trust.output}`).not.toContain(key?.split('\n')[1] ?? 'absent');
  expect((await ensureCertificate(access, '.')).action).toBe('kept');
});

it('shows what is wrong with files, and takes new ones', { timeout: 60_000 }, async () => {
  const files = await createCertificate(project.directory, '127.0.0.1');
  const models = 'servers: { main: {} }\nmodels: { "smollm2:135m": {} }';
  const declare = async (key: string): Promise<void> =>
    project.manifest(`gateway: { tls: { certificate: server.pem, key: ${key} } }\n${models}`);
  await declare('server.key');
  expect(await tls('show')).toMatchObject({ code: 0, stdout: expect.stringContaining('ends on') });
  expect(await tls('renew')).toMatchObject({ code: 0, stdout: expect.stringContaining('the gateway shows it') });
  const pair = await withVolume(access, 'read', (volume) => volume.read('tls.pem'));
  expect(new X509Certificate(pair ?? '').fingerprint256).toBe(
    new X509Certificate(await readFile(files.certificate)).fingerprint256,
  );
  await declare('ca.key');
  const wrong = await tls('show', '--json');
  expect(wrong.code).toBe(1);
  expect(JSON.parse(wrong.stdout).findings).toContainEqual(
    expect.objectContaining({ code: 'certificate-key-mismatch' }),
  );
  expect(await tls('renew')).toMatchObject({ code: 1, stderr: expect.stringContaining('does not belong to') });
  expect(await tls('trust')).toMatchObject({ code: 2, stderr: expect.stringContaining('comes from files') });
  expect(await tls('burn')).toMatchObject({ code: 2, stderr: expect.stringContaining('tls knows no burn') });
  await project.manifest(`gateway: { tls: none }\n${models}`);
  expect(await tls('show')).toMatchObject({ code: 2, stderr: expect.stringContaining('plain HTTP') });
});

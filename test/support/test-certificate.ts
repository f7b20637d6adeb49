import path from 'node:path';
import { run } from './project.js';

/** Paths of PEM files. */
export interface TestCertificate {
  /** Certificate of the authority that signed `certificate`; no system trusts it. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Makes an authority and a certificate of `address` (IPv4) and localhost in `folder`, valid for a day. */
export async function createCertificate(folder: string, address: string): Promise<TestCertificate> {
  const file = (name: string): string => path.join(folder, name);
  const request = ['req', '-x509', '-days', '1', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  await openssl([...request, '-subj', '/CN=test authority', '-keyout', file('ca.key'), '-out', file('ca.pem')]);
  const signed = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-subj', '/CN=localhost'];
  const names = [
    '-addext',
    `subjectAltName=IP:${address},DNS:localhost`,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
  ];
  await openssl([...request, ...signed, ...names, '-keyout', file('server.key'), '-out', file('server.pem')]);
  return { ca: file('ca.pem'), certificate: file('server.pem'), key: file('server.key') };
}

async function openssl(argv: readonly string[]): Promise<void> {
  const { code, output } = await run('openssl', argv);
  if (code !== 0) throw new Error(`openssl ${argv.join(' ')}: ${output}`);
}

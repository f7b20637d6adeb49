import { KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type * as X509 from '@peculiar/x509';
import { keyOf } from './certificate.js';

/** A certificate and its private key, in PEM. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

const hour = 3_600_000;
const day = 24 * hour;
/** Ten years: clients are told once to trust it. */
const authorityLifetime = 3650 * day;
/** The longest that Apple's and others' clients take of a server (CA/Browser Forum, Baseline Requirements 6.3.2, until 2026). */
const leafLifetime = 397 * day;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** The authority of one project, which signs nothing but the certificates of its gateway. */
export async function createAuthority(project: string, now = new Date()): Promise<Issued> {
  const x509 = await library();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(now, authorityLifetime),
    name: [{ CN: [`ollama-stacks gateway of ${project}`] }],
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: pemOf(keys.privateKey) };
}

/** A certificate of a server for `names` (DNS names and addresses), with a key of its own. */
export async function issueCertificate(authority: Issued, names: readonly string[], now = new Date()): Promise<Issued> {
  const x509 = await library();
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(now, leafLifetime, issuer.notAfter),
    subject: [{ CN: [names[0] ?? 'localhost'] }],
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority.key),
    extensions: await leafExtensions(names, keys.publicKey, issuer.publicKey),
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: pemOf(keys.privateKey) };
}

/** RFC 5280, section 4.2.1; clients read the names in `subjectAltName` only (RFC 9525). */
async function leafExtensions(
  names: readonly string[],
  publicKey: webcrypto.CryptoKey,
  issuerKey: X509.PublicKey,
): Promise<X509.Extension[]> {
  const x509 = await library();
  const alternatives = names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(alternatives),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(issuerKey),
  ];
}

/** From an hour ago on, for clients whose clock is behind; no longer than its issuer. */
function validity(
  now: Date,
  lifetime: number,
  issuerEnd = new Date(8.64e15),
): Required<Pick<X509.X509CertificateCreateParamsBase, 'notBefore' | 'notAfter' | 'signingAlgorithm'>> {
  const notAfter = new Date(Math.min(now.getTime() + lifetime, issuerEnd.getTime()));
  return { notBefore: new Date(now.getTime() - hour), notAfter, signingAlgorithm: algorithm };
}

async function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = keyOf(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

const pemOf = (key: webcrypto.CryptoKey): string =>
  KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();

/** Loaded only when something is issued: it costs 140 ms. */
async function library(): Promise<typeof X509> {
  // Its container of dependencies refuses to load without these two of the `reflect-metadata` proposal, and asks them
  // for types of parameters that its build does not carry: no answer is the right one.
  const reflect = Reflect as { getMetadata?: () => undefined; getOwnMetadata?: () => undefined };
  reflect.getMetadata ??= () => undefined;
  reflect.getOwnMetadata ??= () => undefined;
  const loaded = (await import('@peculiar/x509')) as typeof X509 & { readonly default?: typeof X509 };
  // In the bundle a CommonJS module has a default export only.
  return loaded.default ?? loaded;
}

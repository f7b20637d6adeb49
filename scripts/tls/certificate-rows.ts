import type { X509Certificate } from 'node:crypto';
import { certificateFacts, type CertificateFinding, dateText } from '../../gateway/certificate.js';
import { row } from '../report/row.js';
import { style } from '../report/style.js';

/** The certificates of a gateway, without keys. */
export interface ShownCertificates {
  readonly source: 'local' | 'files';
  /** That of the gateway first. */
  readonly chain: readonly X509Certificate[];
  /** Of a local one. */
  readonly authority?: X509Certificate;
  readonly findings: readonly CertificateFinding[];
}

const day = 86_400_000;

/** For a person. */
export function certificateRows({ chain, authority, findings }: ShownCertificates, now: Date): string[] {
  const [leaf, ...issuers] = chain;
  return [
    ...(leaf ? rowsOf('tls', leaf, now) : []),
    ...(authority ? rowsOf('authority', authority, now) : issuers.flatMap((issuer) => rowsOf('issuer', issuer, now))),
    ...findings.flatMap(({ message, next, warning }) => [
      `${warning ? style.yellow('warning') : style.red('error')}  ${message}`,
      `${style.bold('next')}     ${next}`,
    ]),
  ];
}

function rowsOf(label: string, certificate: X509Certificate, now: Date): string[] {
  const { subject, issuer, names, end, fingerprint } = certificateFacts(certificate);
  const days = Math.floor((end.getTime() - now.getTime()) / day);
  return [
    row(label, subject || 'no subject', subject === issuer ? '' : `by ${issuer}`),
    row('', 'ends', `${dateText(end)}, ${days < 0 ? `${-days} days ago` : `in ${days} days`}`),
    ...(names.length > 0 ? [row('', 'for', names.join(', '))] : []),
    row('', 'SHA-256', fingerprint),
  ];
}

/** For a machine. */
export function factsJson({ source, chain, authority, findings }: ShownCertificates): string {
  const [leaf, ...issuers] = chain.map(certificateFacts);
  const facts = { source, certificate: leaf, issuers, authority: authority && certificateFacts(authority), findings };
  return `${JSON.stringify(facts, undefined, 2)}\n`;
}

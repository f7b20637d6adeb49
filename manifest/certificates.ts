type Parsed = { readonly pem: string } | { readonly pem?: undefined; readonly reason: string };

/** Every server gets them in one environment variable, which Linux limits to 128 KiB. */
const mostCharacters = 64 * 1024;

const certificate = /-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM file (RFC 7468) without the text around them; or in words why there is none to trust. */
export function certificatesIn(text: string): Parsed {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return { reason: 'holds a private key' };
  const found = text.match(certificate) ?? [];
  if (found.length === 0) return { reason: 'holds no certificate in PEM' };
  const pem = `${found.join('\n').replaceAll('\r', '')}\n`;
  return pem.length > mostCharacters ? { reason: `is larger than ${mostCharacters / 1024} KiB` } : { pem };
}

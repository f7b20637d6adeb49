import { createHash, randomBytes } from 'node:crypto';

/** A new key: 256 random bits as base64url (RFC 4648, section 5) behind `osk_`, by which scanners of secrets can know it. */
export function createKeyText(): string {
  return `osk_${randomBytes(32).toString('base64url')}`;
}

/** What is kept of a key: the SHA-256 of its whole text in lower-case hex, as HAProxy's `sha2(256),hex,lower` makes it. */
export function keyHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

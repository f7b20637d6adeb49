import { expect, it } from 'vitest';
import { createKeyText, keyHash } from '../../gateway/access-key.js';

it('makes keys of 256 bits, none twice', () => {
  const keys = Array.from({ length: 1000 }, createKeyText);
  expect(new Set(keys).size).toBe(1000);
  for (const key of keys) {
    expect(key).toMatch(/^osk_[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(key.slice(4), 'base64url')).toHaveLength(32);
  }
});

it('hashes the whole text (FIPS 180-2, appendix B.1)', () => {
  expect(keyHash('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

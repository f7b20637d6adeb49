import { expect, it } from 'vitest';
import { gatewayUrl } from '../../manifest/gateway-url.js';

it.each([
  ['127.0.0.1', 'local', 'https://127.0.0.1:1'],
  ['127.0.0.1', 'none', 'http://127.0.0.1:1'],
  ['192.0.2.1', 'local', 'https://192.0.2.1:1'],
  ['0.0.0.0', 'local', 'https://127.0.0.1:1'],
  ['::', 'local', 'https://[::1]:1'],
  ['0::0', 'local', 'https://[::1]:1'],
  ['2001:db8::1', 'local', 'https://[2001:db8::1]:1'],
] as const)('%s, tls %s', (address, kind, url) => {
  expect(gatewayUrl({ address, port: 1, tls: kind === 'none' ? { kind } : { kind, names: [] } })).toBe(url);
});

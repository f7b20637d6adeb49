import { isIP } from 'node:net';
import { expect, it } from 'vitest';
import { isIpv4, isIpv6, isLoopback, isWildcard } from '../../manifest/ip-address.js';

const texts = `0.0.0.0 127.0.0.1 255.255.255.255 256.0.0.1 1.2.3 1.2.3.4.5 01.2.3.4 1..2.3
:: ::1 1:: 2001:db8::1 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7 1:2:3:4:5:6:7:: 1::2::3 ::: :1 ::ffff:192.0.2.1 1:2:3:4:5:6:192.0.2.1
192.0.2.1:: 1:2:3:4:5:6:7:192.0.2.1 fe80::1%eth0 12345:: g:: 1:2:3:4:5:6:7:8:9 ::1: [::1] localhost 1:2:3:4::5:6:7:8`;

it.each(['', '1.2.3.4 ', ...texts.split(/\s/)])('%j is what Node says that it is', (text) => {
  // Node takes a zone, which no published port can have.
  const version = text.includes('%') ? 0 : isIP(text);
  expect([isIpv4(text), isIpv6(text)]).toEqual([version === 4, version === 6]);
});

it.each([
  ['127.0.0.1', true, false],
  ['127.9.9.9', true, false],
  ['128.0.0.1', false, false],
  ['::1', true, false],
  ['0:0:0:0:0:0:0:1', true, false],
  ['::2', false, false],
  ['1::1', false, false],
  ['0.0.0.0', false, true],
  ['::', false, true],
  ['0:0:0:0:0:0:0:0', false, true],
  ['192.0.2.1', false, false],
])('%s: loopback %s, every address %s', (address, loopback, wildcard) => {
  expect([isLoopback(address), isWildcard(address)]).toEqual([loopback, wildcard]);
});

import { describe, expect, it } from 'vitest';
import { chooseLog, logFlags } from '../../scripts/logs.js';
import { gatewayManifest } from './gateway-manifest.js';
import { validManifest, validServer } from './valid-manifest.js';

const two = { ...validManifest, servers: [validServer, { ...validServer, name: 'second' }] };

describe('chooseLog', () => {
  it.each([
    ['the only server', validManifest, [], { name: 'main', isServer: true }],
    ['the named server', two, ['second'], { name: 'second', isServer: true }],
    ['the gateway', gatewayManifest, ['gateway'], { name: 'gateway', isServer: false }],
    ['what observes it', gatewayManifest, ['prometheus'], { name: 'prometheus', isServer: false }],
    ['the only server before the gateway', gatewayManifest, [], { name: 'main', isServer: true }],
  ])('%s', (_case, manifest, operands, chosen) => {
    expect(chooseLog(manifest, operands)).toEqual(chosen);
  });
  it.each([
    ['none of several', two, [], 'which server?'],
    ['an unknown one', two, ['third'], 'there is no server third'],
    ['a gateway that is not declared', two, ['gateway'], 'there is no server gateway'],
    ['two at a time', two, ['main', 'second'], 'one server at a time'],
  ])('refuses %s', (_case, manifest, operands, message) => {
    expect(() => chooseLog(manifest, operands)).toThrow(message);
  });
});

it.each([
  [{ follow: true, tail: '5' }, ['--follow', '--tail', '5']],
  [{ follow: false }, []],
])('logFlags %j', (flags, expected) => {
  expect(logFlags(flags)).toEqual(expected);
});
it('refuses a tail that is no number', () => {
  expect(() => logFlags({ follow: false, tail: '-f' })).toThrow('wants a number of lines, got -f');
});

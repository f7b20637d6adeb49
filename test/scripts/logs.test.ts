import { describe, expect, it } from 'vitest';
import { chooseServer, logFlags } from '../../scripts/logs.js';
import { validServer } from './valid-manifest.js';

const two = [validServer, { ...validServer, name: 'second' }];

describe('chooseServer', () => {
  it.each([
    ['the only one', [validServer], [], 'main'],
    ['the named one', two, ['second'], 'second'],
  ])('%s', (_case, servers, operands, name) => {
    expect(chooseServer(servers, operands).name).toBe(name);
  });
  it.each([
    ['none of several', two, [], 'which server?'],
    ['an unknown one', two, ['third'], 'there is no server third'],
    ['two at a time', two, ['main', 'second'], 'one server at a time'],
  ])('refuses %s', (_case, servers, operands, message) => {
    expect(() => chooseServer(servers, operands)).toThrow(message);
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

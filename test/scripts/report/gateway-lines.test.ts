import { describe, expect, it } from 'vitest';
import { gatewayLine, type GatewayStatus, gatewayTroubles, keysText } from '../../../scripts/report/gateway-lines.js';

const fine: GatewayStatus = {
  container: 'scr1-gateway',
  url: 'https://127.0.0.1:11443',
  state: 'running',
  up: true,
  keys: ['alice', 'bob'],
  certificateEnds: '2027-12-25T10:00:00.000Z',
};
const now = new Date('2026-11-23T00:00:00Z');

describe('the line of a gateway', () => {
  it('tells where it is, its keys and its certificate', () => {
    expect(gatewayLine(fine)).toBe(
      'gateway    https://127.0.0.1:11443    running   2 keys (alice, bob)   certificate until 2027-12-25\n',
    );
  });

  it.each([
    ['exited', 'exited', /exited$/],
    ['silent', 'running', /running, does not answer$/],
  ])('tells one that is %s', (_case, state, words) => {
    const { container, url } = fine;
    expect(gatewayLine({ container, url, state, up: false }).trimEnd()).toMatch(words);
  });

  it.each([
    [[], 'no key yet (npm run keys -- add NAME)'],
    [['a'], '1 key (a)'],
    [['a', 'b', 'c', 'd', 'e'], '5 keys'],
  ])('counts keys: %j', (keys, words) => {
    expect(keysText(keys)).toBe(words);
  });
});

describe('the troubles of a gateway', () => {
  it.each<[string, Partial<GatewayStatus>, string[]]>([
    ['none', {}, []],
    ['no container', { state: 'absent', up: false }, ['gateway: there is no container scr1-gateway; npm run up']],
    [
      'a stopped one',
      { state: 'exited', up: false },
      ['gateway: container scr1-gateway is exited; npm run logs -- gateway, then npm run up'],
    ],
    [
      'an open or silent door',
      { up: false },
      ['gateway: the container runs, but nobody is refused at https://127.0.0.1:11443; npm run logs -- gateway'],
    ],
    [
      'a certificate that ended',
      { certificateEnds: '2026-11-22T00:00:00.000Z' },
      ['gateway: its certificate ended on 2026-11-22; npm run tls -- show'],
    ],
  ])('%s', (_case, changes, troubles) => {
    expect(gatewayTroubles({ ...fine, ...changes }, now)).toEqual(troubles);
  });
});

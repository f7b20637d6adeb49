import { EventEmitter, once } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { GatewayProblem } from '../../gateway/problem.js';
import { withVolume } from '../../gateway/volume.js';
import { docker, run } from '../support/project.js';
import { fileMode, randomAccess, removeGateway } from './gateway-container.js';

// A helper container takes half a second, and several on a machine that works.
vi.setConfig({ testTimeout: 90_000 });

let access = randomAccess();
afterEach(async () => {
  await removeGateway(access);
  access = randomAccess();
});

const helpersOf = async (): Promise<string> =>
  docker('ps', '--all', '--quiet', '--filter', 'name=ollama-stacks-gateway-', '--filter', `volume=${access.volume}`);

it('makes a volume of the project, and gives each file its readers', async () => {
  expect(await withVolume(access, 'read', async () => 1)).toBeUndefined();
  expect((await run('docker', ['volume', 'inspect', access.volume])).code).not.toBe(0);
  const long = `${'grüße "$x" `y` \\ \n'.repeat(20_000)}\n\n`;
  await withVolume(access, 'write', async (volume) => {
    expect(await volume.read('keys.json')).toBeUndefined();
    await volume.write('keys.json', 'secret', 'root');
    await volume.write('keys.map', '', 'gateway');
    await volume.write('tls.pem', 'first', 'gatewayOnly');
    await volume.write('tls.pem', long, 'gatewayOnly');
    await volume.write('configs/a/lua/x.lua', 'lua', 'gateway');
    await volume.write('observe/p.yml', 'x', 'everybody');
    expect(await volume.update('observe/p.yml', 'x', 'everybody')).toBe(false);
    expect(await volume.update('observe/p.yml', 'y\n', 'everybody')).toBe(true);
    await volume.pointTo('current', 'configs/a');
    await volume.pointTo('current', 'configs/b');
    expect(await volume.link('current')).toBe('configs/b');
    expect(await volume.link('none')).toBeUndefined();
  });
  expect(await docker('volume', 'inspect', '--format', '{{json .Labels}}', access.volume)).toContain(access.project);
  const read = await withVolume(access, 'read', async (volume) => [
    await volume.read('tls.pem'),
    await volume.read('keys.map'),
    await volume.read('observe/p.yml'),
    await volume.list('configs/a'),
  ]);
  expect(read).toEqual([long, '', 'y\n', ['lua']]);
  expect(await fileMode(access, 'keys.json')).toBe('600 0 0');
  expect(await fileMode(access, 'keys.map')).toBe('440 0 99');
  expect(await fileMode(access, 'tls.pem')).toBe('400 99 99');
  expect(await fileMode(access, 'configs/a/lua')).toBe('755 0 0');
  expect(await fileMode(access, 'observe/p.yml')).toBe('444 0 0');
});

it('changes nothing for a reader, and nothing by halves', async () => {
  await withVolume(access, 'write', (volume) => volume.write('plan.json', 'whole', 'root'));
  const refused = withVolume(access, 'read', (volume) => volume.write('plan.json', 'other', 'root'));
  await expect(refused).rejects.toMatchObject({
    code: 'gateway-volume',
    original: expect.stringMatching(/read-only/i),
  });
  const cut = withVolume(access, 'write', async (volume) => volume.write('plan.json/below', 'x', 'root'));
  await expect(cut).rejects.toBeInstanceOf(GatewayProblem);
  expect(await withVolume(access, 'read', (volume) => volume.read('plan.json'))).toBe('whole');
});

it('lets one writer at a time, and readers always', async () => {
  const order: string[] = [];
  const inside = new EventEmitter();
  const entered = once(inside, 'entered');
  const writer = withVolume(access, 'write', async (volume) => {
    inside.emit('entered');
    const reader = await withVolume(access, 'read', (other) => other.read('order'));
    order.push(`reader saw ${reader}`, 'first');
    await volume.write('order', 'first', 'root');
  });
  await entered;
  const second = withVolume(access, 'write', async (volume) => {
    order.push('second');
    return volume.read('order');
  });
  await writer;
  expect(await second).toBe('first');
  expect(order).toEqual(['reader saw undefined', 'first', 'second']);
});

it('gives the lock to the next one when a helper is killed or the work is interrupted', async () => {
  const killed = withVolume(access, 'write', async (volume) => {
    await docker('kill', await helpersOf());
    return volume.read('x');
  });
  await expect(killed).rejects.toBeInstanceOf(GatewayProblem);
  const interruption = new AbortController();
  const interrupted = withVolume(
    access,
    'write',
    async (volume) => {
      interruption.abort(new Error('interrupted'));
      return volume.read('x');
    },
    { signal: interruption.signal },
  );
  await expect(interrupted).rejects.toThrow('interrupted');
  expect(await withVolume(access, 'write', (volume) => volume.read('x'))).toBeUndefined();
  expect(await helpersOf()).toBe('');
});

it('touches no volume of somebody else, and says what the engine lacks', async () => {
  await docker('volume', 'create', access.volume);
  const foreign = { code: 'foreign-volume', message: expect.stringContaining('is not ours') };
  await expect(withVolume(access, 'read', async () => 1)).rejects.toMatchObject(foreign);
  await expect(withVolume(access, 'write', async () => 1)).rejects.toMatchObject(foreign);
  await docker('volume', 'rm', access.volume);
  const without = { ...access, image: 'ollama-stacks/none:1' };
  await expect(withVolume(without, 'write', async () => 1)).rejects.toMatchObject({
    next: 'bring the image with `npm run setup`',
  });
  expect(await helpersOf()).toBe('');
});

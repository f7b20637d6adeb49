import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import { ggufFile, model, registry as from } from '../support/load-plan.js';
import { LoaderFixture, locked, outcomes, sha256Of } from './loader-fixture.js';

let fixture: LoaderFixture;

beforeAll(async () => {
  fixture = await LoaderFixture.start();
});

afterAll(() => fixture?.remove());

describe('a lock', () => {
  it('whose tag moved fails before anything is fetched, and what is served stays', async () => {
    const first = await fixture.push('team/moves:1');
    const moves = model('moves:latest', { from: [from(first.name)] });
    await fixture.run(fixture.plan([locked(moves, first.digest)]));
    const second = await fixture.push('team/moved:1');
    await fixture.registry.retag('team/moves:1', 'team/moved:1');
    await fixture.run(
      fixture.plan([model('moves:latest', { from: [from((await fixture.push('team/byhand:1')).name)], system: 'x' })]),
    );
    const before = await fixture.stored();
    expect(Object.keys(before).filter((name) => name.startsWith('ollama-stacks-staging'))).toEqual([]);
    const failed = outcomes(await fixture.run(fixture.plan([locked(moves, first.digest)])))['moves:latest'];
    expect(failed).toMatch(
      `the tag moved since it was locked: locked ${first.digest.slice(0, 19)}…, registry has ${second.digest.slice(0, 19)}…`,
    );
    expect(failed).toContain('npm run lock -- --update moves:latest');
    expect(await fixture.stored()).toEqual(before);
  });

  it('names every model that it does not pin, before anything is pulled', async () => {
    const pushed = await fixture.push('team/unpinned:1');
    const one = model('unpinned:latest', { from: [from(pushed.name)] });
    const stale = { ...locked(model('stale:latest', { from: [from(pushed.name)] }), pushed.digest), system: 'new' };
    const refused = await fixture.run(fixture.plan([one, stale]), { frozen: true });
    expect(outcomes(refused)['']).toMatch(/unpinned:latest \(not in the lock\), stale:latest \(declared anew/);
    expect(await fixture.stored()).not.toHaveProperty('unpinned:latest');
    const warned = await fixture.run(fixture.plan([stale]));
    expect(warned).toContainEqual(expect.objectContaining({ type: 'warning', model: 'stale:latest' }));
    expect(outcomes(warned)).toEqual({ 'stale:latest': 'created' });
  });

  it('of a file fails when its bytes changed, and what is served stays', async () => {
    const content = syntheticGguf({ seed: 91 });
    await writeFile(path.join(fixture.directory, 'pinned.gguf'), content);
    const layer = { kind: 'model', digest: sha256Of(content), bytes: 1 };
    const pinned = model('pinned:latest', { from: [ggufFile('pinned.gguf')] });
    expect(outcomes(await fixture.run(fixture.plan([locked(pinned, undefined, [layer])])))).toEqual({
      'pinned:latest': 'created',
    });
    const before = await fixture.stored();
    await writeFile(path.join(fixture.directory, 'pinned.gguf'), syntheticGguf({ seed: 92, bytes: 500_000 }));
    const changed = locked({ ...pinned, system: 'x' }, undefined, [layer]);
    expect(outcomes(await fixture.run(fixture.plan([changed])))['pinned:latest']).toMatch(
      /pinned.gguf is not what was locked/,
    );
    expect(await fixture.stored()).toEqual(before);
  });
});

describe('what is served', () => {
  it('stays when its successor cannot be created, also under its own name and with an adapter', async () => {
    const pushed = await fixture.push('team/stays:1');
    const own = model(pushed.name, { from: [from(pushed.name)], system: 'one' });
    const made = model('stays:latest', { from: [from(pushed.name)], system: 'one' });
    await fixture.run(fixture.plan([own, made]));
    const before = await fixture.stored();
    const broken = { template: '{{ .Prompt' };
    const failed = outcomes(
      await fixture.run(
        fixture.plan([
          { ...own, ...broken },
          { ...made, ...broken },
        ]),
      ),
    );
    expect(Object.keys(failed).toSorted()).toEqual([pushed.name, 'stays:latest'].toSorted());
    for (const message of Object.values(failed)) expect(message).toMatch(/template|was not loaded/);
    expect(await fixture.stored()).toEqual(before);
    expect((await fixture.ollama.show(pushed.name)).system).toBe('one');
  });

  it('is served again after a run that was killed in the middle', async () => {
    const pushed = await fixture.push('team/killed:1');
    const killed = model('killed:latest', { from: [from(pushed.name)], system: 'old' });
    await fixture.run(fixture.plan([killed]));
    const hash = sha256Of('registry.ollama.ai/library/killed:latest').slice(7, 23);
    const name = `ollama-stacks-staging/${hash}`;
    await fixture.ollama.copy('killed:latest', `${name}:old`);
    await fixture.ollama.copy(pushed.name, 'killed:latest');
    expect(outcomes(await fixture.run(fixture.plan([killed])))).toEqual({ 'killed:latest': 'present' });
    expect((await fixture.ollama.show('killed:latest')).system).toBe('old');
    expect(Object.keys(await fixture.stored()).filter((one) => one.startsWith('ollama-stacks-staging'))).toEqual([]);
  });

  it('has its adapter', async () => {
    const pushed = await fixture.push('team/adapted:1');
    const adapter = adapterGguf();
    await writeFile(path.join(fixture.directory, 'lora.gguf'), adapter);
    const source = ggufFile('lora.gguf');
    if (source.kind !== 'gguf') throw new Error('a file is a GGUF');
    const adapted = model('adapted:latest', { from: [from(pushed.name)], adapters: [source] });
    expect(outcomes(await fixture.run(fixture.plan([adapted])))).toEqual({ 'adapted:latest': 'created' });
    const digest = sha256Of(adapter);
    expect((await fixture.ollama.show('adapted:latest')).modelfile).toMatch(new RegExp(`ADAPTER .*${digest.slice(7)}`));
    const { models } = await fixture.record();
    expect(models['adapted:latest']?.source).toBe(`${pushed.digest} ${digest}`);
  });
});

describe('pruning', () => {
  const prune = { keep: ['kept*'] };

  it('removes what this project loaded and no longer declares, and nothing else', async () => {
    const pushed = await fixture.push('team/pruned:1', { bytes: 2e6 });
    const [stays, goes, kept] = ['stays-here:latest', 'goes:latest', 'kept-one:latest'].map((name) =>
      model(name, { from: [from(pushed.name)], system: name }),
    );
    if (!stays || !goes || !kept) throw new Error('three models');
    await fixture.run(fixture.plan([stays, goes, kept]));
    await fixture.ollama.copy('goes:latest', 'foreign:latest');
    expect(outcomes(await fixture.run(fixture.plan([stays])))).toEqual({ 'stays-here:latest': 'present' });
    const events = await fixture.run(fixture.plan([stays], { prune }));
    expect(outcomes(events)).toMatchObject({ 'stays-here:latest': 'present', 'goes:latest': 'pruned' });
    const names = Object.keys(await fixture.stored());
    expect(names).toEqual(
      expect.arrayContaining(['stays-here:latest', 'kept-one:latest', 'foreign:latest', pushed.name]),
    );
    expect(names).not.toContain('goes:latest');
    // Its weights are those of its base, and the copy has the rest.
    expect(events.find((event) => event.type === 'pruned' && event.model === 'goes:latest')).toMatchObject({
      bytes: 0,
    });
  });

  it('of everything wants to be confirmed, and leaves what somebody changed', async () => {
    await fixture.run(fixture.plan([model('changed:latest', { from: [ggufFile('pinned.gguf')] })]));
    await fixture.ollama.copy('foreign:latest', 'changed:latest');
    const refused = outcomes(await fixture.run(fixture.plan([], { prune })))[''];
    expect(refused).toMatch(/nothing is declared in store test-models any more.*would remove .*stays-here:latest/);
    expect(refused).toContain('--yes');
    expect(await fixture.stored()).toHaveProperty('stays-here:latest');
    const events = await fixture.run(fixture.plan([], { prune }), { confirmed: true });
    expect(outcomes(events)).toMatchObject({ 'stays-here:latest': 'pruned' });
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', model: 'changed:latest' }));
    expect(Object.keys(await fixture.stored()).toSorted()).toEqual([
      'changed:latest',
      'foreign:latest',
      'kept-one:latest',
    ]);
  });
});

/** A GGUF that says that it is an adapter, without tensors (ggml's docs/gguf.md). */
function adapterGguf(): Buffer {
  const pairs = [
    ['general.architecture', 'llama'],
    ['general.type', 'adapter'],
  ].flatMap(([key = '', value = '']) => [text(key), u32(8), text(value)]);
  return Buffer.concat([Buffer.from('GGUF'), u32(3), u64(0), u64(2), ...pairs, Buffer.alloc(64)]);
}

const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: number): Buffer => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const text = (value: string): Buffer => Buffer.concat([u64(value.length), Buffer.from(value)]);

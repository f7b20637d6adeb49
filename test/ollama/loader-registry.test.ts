import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { model, registry as from } from '../support/load-plan.js';
import { startModelRegistry } from '../support/model-registry.js';
import { LoaderFixture, locked, outcomes } from './loader-fixture.js';

let fixture: LoaderFixture;

beforeAll(async () => {
  fixture = await LoaderFixture.start();
});

afterAll(() => fixture?.remove());

describe('a private registry', () => {
  it('serves a model under a short name, byte for byte, and its long name goes', async () => {
    const pushed = await fixture.push('team/tiny:1');
    const tiny = model('tiny:latest', { from: [from(pushed.name)] });
    expect(outcomes(await fixture.run(fixture.plan([tiny])))).toEqual({ 'tiny:latest': 'pulled' });
    expect(await fixture.stored()).toEqual({ 'tiny:latest': pushed.digest });
    const again = await fixture.run(fixture.plan([locked(tiny, pushed.digest)]), { frozen: true });
    expect(outcomes(again)).toEqual({ 'tiny:latest': 'present' });
  });

  it('stands in for the library, also for bases and for a model changed under its own name', async () => {
    const pushed = await fixture.push('library/basic:1');
    await fixture.push('library/other:1');
    const models = [
      model('basic:1'),
      model('brief:latest', { from: [from('other:1')], system: 'Be brief.' }),
      model('own:1', { from: [from('own:1')], system: 'Be mine.' }),
    ];
    await fixture.push('library/own:1');
    expect(outcomes(await fixture.run(fixture.plan(models, { mirror: fixture.registry.host })))).toEqual({
      'basic:1': 'pulled',
      'brief:latest': 'created',
      'own:1': 'created',
    });
    const names = await fixture.stored();
    expect(Object.keys(names).filter((name) => name.includes('/'))).toEqual([]);
    expect(names).toMatchObject({ 'basic:1': pushed.digest, 'other:1': expect.any(String) });
    expect((await fixture.ollama.show('own:1')).system).toBe('Be mine.');
    const record = await fixture.record();
    expect(record.models['other:1']).toEqual({ digest: names['other:1']?.slice(7) });
  });

  it('is measured', async () => {
    await using slow = await startModelRegistry({ bytesPerSecond: 40e6 });
    const { name } = await fixture.push('team/big:1', { bytes: 24e6 }, slow);
    const registries = [{ host: slow.host, insecure: true }];
    await fixture.run(fixture.plan([model('big:latest', { from: [from(name)] })], { registries }));
    const { rates } = await fixture.record();
    expect(rates[slow.host]).toBeGreaterThan(20e6);
    expect(rates[slow.host]).toBeLessThan(60e6);
  });
});

describe('a registry that wants credentials', () => {
  it('is asked by us, and the model is the same with all its settings', async () => {
    await using guarded = await startModelRegistry({ auth: { username: 'ann', password: 'secret' } });
    const texts = {
      template: '{{ .System }} {{ .Prompt }}',
      system: 'You are a cat.',
      params: '{"num_ctx":512,"stop":["x"]}',
      messages: '[{"role":"user","content":"Hi"}]',
      license: 'MIT',
    };
    const pushed = await fixture.push('team/secret:1', { texts }, guarded);
    const secret = model('secret:latest', { from: [from(pushed.name)], parameters: { num_ctx: 1024 } });
    const access = { host: guarded.host, insecure: true, username: 'ann', passwordEnv: 'MODELS_PASSWORD' };
    const withPassword = (value?: string) =>
      fixture.run(fixture.plan([secret], { registries: [access] }), {
        env: value === undefined ? {} : { MODELS_PASSWORD: value },
      });

    expect(outcomes(await withPassword())['secret:latest']).toMatch(/MODELS_PASSWORD/);
    expect(outcomes(await withPassword('wrong'))['secret:latest']).toMatch(/401/);
    const events = await withPassword('secret');
    expect(outcomes(events)).toEqual({ 'secret:latest': 'created' });
    expect(JSON.stringify(events)).not.toContain('"secret"');
    const shown = await fixture.ollama.show('secret:latest');
    expect(shown).toMatchObject({ system: texts.system, template: texts.template, license: 'MIT' });
    // In an order that differs from time to time.
    expect(shown.parameters).toMatch(/num_ctx\s+1024/);
    expect(shown.parameters).toMatch(/stop\s+"x"/);
    expect(shown.modelfile).toContain('MESSAGE user Hi');
    expect(outcomes(await withPassword())).toEqual({ 'secret:latest': 'present' });
  });
});

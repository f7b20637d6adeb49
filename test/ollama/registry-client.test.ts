import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Registry } from '../../manifest/manifest.js';
import { parseModelRef, type ModelRef } from '../../manifest/model-ref.js';
import { RegistryClient } from '../../ollama/registry-client.js';
import { startModelRegistry, type ModelRegistry, type ModelRegistryOptions } from '../support/model-registry.js';
import { pushSynthetic, type PushedModel } from '../support/synthetic-model.js';

const canary = 'canary-4f6c2a';
const license = 'MIT License\n\nPermission is hereby granted';

function refOf(name: string): ModelRef {
  const { ref } = parseModelRef(name);
  if (ref === undefined) throw new Error(name);
  return ref;
}

/** Everything that an error says when the manifest is refused. */
async function refusal(registry: Registry, env: NodeJS.ProcessEnv, ref: ModelRef): Promise<string> {
  const client = new RegistryClient({ registries: [registry], env });
  const said = await client.manifest(ref).then(
    () => 'served',
    (error: Error) => JSON.stringify([error, error.message, Reflect.get(error, 'hint')]),
  );
  await client.close();
  return said;
}

describe.each<readonly [string, ModelRegistryOptions, Partial<Registry>, NodeJS.ProcessEnv]>([
  ['http', {}, { insecure: true }, {}],
  ['https with its own authority', { tls: true }, {}, {}],
  [
    'https with a password',
    { tls: true, auth: { username: 'ci', password: canary } },
    { username: 'ci', passwordEnv: 'PASSWORD' },
    { PASSWORD: canary },
  ],
  ['http with a token', { auth: { token: canary } }, { insecure: true, tokenEnv: 'TOKEN' }, { TOKEN: `${canary}\n` }],
])('a registry of %s', (_, options, declared, env) => {
  let registry: ModelRegistry;
  let pushed: PushedModel;
  let client: RegistryClient;
  let settings: Registry;

  beforeAll(async () => {
    registry = await startModelRegistry(options);
    pushed = await pushSynthetic(registry, { name: 'team/small:1', texts: { license } });
    const ca = options.tls ? { ca: await readFile(registry.ca, 'utf8') } : {};
    settings = { host: registry.host, insecure: false, ...ca, ...declared };
    client = new RegistryClient({ registries: [settings], env });
  });

  afterAll(async () => {
    await client.close();
    await registry.remove();
  });

  it('reads manifest, text, ranges and streams, and sends no credentials where it is redirected to', async () => {
    const ref = refOf(pushed.name);
    const { digest, layers } = await client.manifest(ref);
    expect(digest).toBe(pushed.digest);
    const [weights, text] = layers;
    if (weights === undefined || text === undefined) throw new Error('two layers were pushed');
    expect(weights).toEqual({
      mediaType: 'application/vnd.ollama.image.model',
      digest: pushed.layers[0]?.digest,
      size: pushed.layers[0]?.bytes,
    });
    expect(await client.text(ref, text.digest)).toBe(license);
    const { digest: of, size } = weights;
    expect((await client.range(ref, of, 0, 4)).toString()).toBe('GGUF');
    const whole = Buffer.concat(await (await client.stream(ref, of)).toArray());
    expect(`sha256:${createHash('sha256').update(whole).digest('hex')}`).toBe(of);
    expect((await client.range(ref, of, 1000, 3000)).equals(whole.subarray(1000, 3000))).toBe(true);
    expect((await client.range(ref, of, size - 5, size + 5)).equals(whole.subarray(size - 5))).toBe(true);
    expect(await client.range(ref, of, size, size + 5)).toHaveLength(0);
    const rest = Buffer.concat(await (await client.stream(ref, of, 1000)).toArray());
    expect(rest.equals(whole.subarray(1000))).toBe(true);
    const requests = await registry.requests();
    const files = requests.filter(({ at, range }) => at === 'files' && range === 'bytes=1000-2999');
    expect(files).toMatchObject([{ status: 206, authorized: '' }]);
    expect(
      requests
        .filter(({ at }) => at === 'registry')
        .every(({ authorized }) => (authorized !== '') === 'auth' in options),
    ).toBe(true);
  });

  it('reads the library through it as a mirror', async () => {
    const mirrored = new RegistryClient({ registries: [settings], mirror: registry.host, env });
    expect((await mirrored.manifest(refOf('team/small:1'))).digest).toBe(pushed.digest);
    await mirrored.close();
  });

  it.each(['team/small:2', 'team/other:1'])('says that it knows no %s', async (name) => {
    const error = client.manifest(refOf(`${registry.host}/${name}`));
    await expect(error).rejects.toMatchObject({
      trouble: 'unknown',
      message: `${registry.host} knows no ${name}`,
      hint: 'check the name and tag under `from`',
    });
  });

  it('says what to set when it is refused, and never what was sent', async () => {
    const { tokenEnv: _token, passwordEnv: _password, username: _username, ...open } = settings;
    const wrong = async (changes: Partial<Registry>, values: NodeJS.ProcessEnv): Promise<string> =>
      refusal({ ...open, ...changes }, values, refOf(pushed.name));
    // One that asks for nothing refuses nobody.
    const isGuarded = 'auth' in options;
    expect(await wrong({}, {})).toMatch(isGuarded ? /HTTP 401.*write registries.*token_env/ : /^served$/);
    expect(await wrong({ tokenEnv: 'OTHER' }, { OTHER: 'wrong' })).toMatch(
      isGuarded ? /HTTP 401.*check the value of OTHER/ : /^served$/,
    );
    expect(await wrong({ tokenEnv: 'OTHER' }, {})).toMatch(/the environment variable OTHER, .* is not set.*set OTHER/);
    expect(await wrong({ username: 'x', passwordEnv: 'OTHER' }, { OTHER: canary })).not.toContain(canary);
  });
});

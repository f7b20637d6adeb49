import { describe, expect, it } from 'vitest';
import type { Server } from '../../manifest/manifest.js';
import { parseManifest } from '../../manifest/parse.js';
import { containerOf, manifestOf, terraformJson, type TerraformJson } from './synthesis.js';

interface Case {
  readonly change: Partial<Server>;
  /** Attributes of the container that say so. */
  readonly container?: Readonly<Record<string, unknown>>;
  /** Elements of the container's environment that say so. */
  readonly env?: readonly string[];
  /** A part of the whole that says so. */
  readonly stack?: unknown;
}

/** The compiler asks for a case of every property, so none can ship that reaches nothing; placement has tests of its own. */
const cases = {
  name: { change: { name: 'other' }, stack: { output: { servers: { value: { other: { container: 'p-main' } } } } } },
  container: { change: { container: 'p-other' }, container: { name: 'p-other' } },
  image: { change: { image: 'p/ollama:1' }, container: { image: 'p/ollama:1' } },
  port: {
    change: { port: 12000 },
    container: { ports: [{ internal: 11434, external: 12000, ip: '127.0.0.1', protocol: 'tcp' }] },
    stack: {
      output: {
        servers: { value: { main: { url: 'http://127.0.0.1:12000', openai_url: 'http://127.0.0.1:12000/v1' } } },
      },
    },
  },
  gpu: { change: { gpu: { vendor: 'nvidia', devices: 'all' } }, container: { gpus: 'all' } },
  memory: { change: { memory: 3 * 2 ** 30 }, container: { memory: 3072, memory_swap: 3072 } },
  cpus: { change: { cpus: 1.5 }, container: { cpus: '1.5' } },
  contextLength: { change: { contextLength: 8192 }, env: ['OLLAMA_CONTEXT_LENGTH=8192'] },
  numParallel: { change: { numParallel: 2 }, env: ['OLLAMA_NUM_PARALLEL=2'] },
  maxLoadedModels: { change: { maxLoadedModels: 3 }, env: ['OLLAMA_MAX_LOADED_MODELS=3'] },
  keepAlive: { change: { keepAlive: '-1' }, env: ['OLLAMA_KEEP_ALIVE=-1'] },
  kvCacheType: { change: { kvCacheType: 'q8_0' }, env: ['OLLAMA_KV_CACHE_TYPE=q8_0'] },
  flashAttention: { change: { flashAttention: true }, env: ['OLLAMA_FLASH_ATTENTION=1'] },
  promptCache: { change: { promptCache: 2 ** 30 }, env: ['LLAMA_ARG_CACHE_RAM=1024'] },
  env: { change: { env: { OLLAMA_DEBUG: '1' } }, env: ['OLLAMA_DEBUG=1'] },
  store: {
    change: { store: 'elsewhere' },
    container: {
      mounts: [
        { type: 'volume', source: 'elsewhere', target: '/root/.ollama' },
        { type: 'tmpfs', target: '/tmp' },
      ],
    },
  },
  models: { change: { models: ['llama3.1:8b'] } },
} satisfies Record<Exclude<keyof Server, 'placement' | 'replicas' | 'partOf'>, Case>;

describe('every property of a server changes the stack', () => {
  const base = terraformJson(manifestOf({}));

  it.each(Object.entries<Case>(cases))('%s', (_, { change, container, env, stack }) => {
    const json = terraformJson(manifestOf(change));
    expect(json).not.toEqual(base);
    const synthesized = containerOf(json, change.name);
    expect(synthesized).toMatchObject(container ?? {});
    expect(synthesized['env']).toEqual(expect.arrayContaining([...(env ?? [])]));
    expect(json).toMatchObject(stack ?? {});
  });
});

describe('every server', () => {
  const container = containerOf(terraformJson(manifestOf({})));

  it.each([
    ['has a read-only root', 'read_only', true],
    ['has no capability', 'capabilities', { drop: ['ALL'] }],
    ['gains no privilege', 'security_opts', ['no-new-privileges:true']],
    ['is on the network of its project', 'network_mode', 'p'],
    ['comes back after a reboot', 'restart', 'unless-stopped'],
    ['has time to finish', 'destroy_grace_seconds', 10],
    ['keeps its logs small', 'log_opts', { 'max-size': '10m', 'max-file': '3' }],
  ])('%s', (_, attribute, value) => {
    expect(container[attribute]).toEqual(value);
  });

  it('waits for its store and its network', () => {
    expect(container['depends_on']).toEqual([
      expect.stringMatching(/^terraform_data\.store-p-models_/),
      expect.stringMatching(/^terraform_data\.network_/),
    ]);
  });
});

describe('ids are a contract: another one destroys and creates', () => {
  it('of every resource and output', () => {
    const json = terraformJson(manifestOf({}, { name: 'llama3.1', container: 'p-b', port: 2, store: 'p.models' }));
    expect(addresses(json)).toMatchInlineSnapshot(`
      [
        "docker_container.server-llama31_7536FB57",
        "docker_container.server-main_54CA4947",
        "output.models",
        "output.project",
        "output.servers",
        "terraform_data.loader-p-models_63245919",
        "terraform_data.loader-pmodels_482F9F57",
        "terraform_data.network_39EEAA36",
        "terraform_data.store-p-models_DB6104F7",
        "terraform_data.store-pmodels_F8196B5D",
      ]
    `);
  });

  it('names that differ in stripped characters only stay apart', () => {
    const json = terraformJson(manifestOf({ name: 'a.b' }, { name: 'ab', container: 'p-ab', port: 2 }));
    expect(Object.keys(json.resource['docker_container'] ?? {})).toHaveLength(2);
  });
});

describe('the output of models', () => {
  it('says where each is reached, and leaves out what nobody offers', () => {
    const second = { name: 'second', container: 'p-second', port: 2, contextLength: 512 };
    const json = terraformJson(manifestOf({ models: [] }, second, { ...second, name: 'third', port: 3 }));
    expect(json.output['models']?.value).toEqual({
      'smollm2:135m': {
        url: 'http://127.0.0.1:2',
        openai_url: 'http://127.0.0.1:2/v1',
        servers: ['second', 'third'],
        context_length: 512,
      },
    });
  });

  it('takes the context that a model, or its declared base, sets', () => {
    const text = 'project: p\nmodels: { a: { parameters: { num_ctx: 7 } }, b: { from: a }, c: }';
    const { manifest } = parseManifest(text, { env: {} });
    const json = manifest && terraformJson(manifest);
    expect(json?.output['models']?.value).toMatchObject({
      'a:latest': { context_length: 7 },
      'b:latest': { context_length: 7 },
      'c:latest': { context_length: 4096 },
    });
  });
});

describe('a registry with a certificate', () => {
  const registries = [
    { host: 'a.example', insecure: false, ca: 'A\n' },
    { host: 'b.example', insecure: false, ca: 'B\n' },
    { host: 'c.example', insecure: false, ca: 'A\n' },
  ];
  const json = terraformJson({ ...manifestOf({}), registries });

  it('is trusted by every server, through a file that is made at every start', () => {
    const { env, entrypoint, command } = containerOf(json);
    expect(env).toEqual(
      expect.arrayContaining(['SSL_CERT_DIR=/tmp/certificates', 'OLLAMA_STACKS_CERTIFICATES=A\nB\n']),
    );
    expect(entrypoint).toEqual(['/bin/sh', '-c', expect.stringMatching(/&& exec ollama "\$@"$/), 'ollama']);
    expect(command).toEqual(['serve']);
  });

  it('lets the user choose another directory', () => {
    const own = { ...manifestOf({ env: { SSL_CERT_DIR: '/mine' } }), registries };
    expect(containerOf(terraformJson(own))['env']).toContain('SSL_CERT_DIR=/mine');
  });

  it('is the only reason to start anything but the image', () => {
    const plain = containerOf(terraformJson({ ...manifestOf({}), registries: [{ host: 'a', insecure: true }] }));
    expect(plain).toEqual(containerOf(terraformJson(manifestOf({}))));
    expect(plain).not.toHaveProperty('entrypoint');
  });
});

describe('a shared store', () => {
  const json = terraformJson(manifestOf({}, { name: 'second', container: 'p-second', port: 2 }));

  it('is ensured and loaded once, after all its containers', () => {
    const [loader, ...others] = Object.entries(json.resource['terraform_data'] ?? {}).filter(([id]) =>
      id.startsWith('loader-'),
    );
    expect(others).toEqual([]);
    expect(loader?.[1]).toMatchObject({ triggers_replace: { containers: [expect.any(String), expect.any(String)] } });
  });

  it('is pruned by its first server only', () => {
    expect(containerOf(json)['env']).not.toContain('OLLAMA_NOPRUNE=1');
    expect(containerOf(json, 'second')['env']).toContain('OLLAMA_NOPRUNE=1');
  });
});

describe('what the toolchain settled on', () => {
  const resolved = {
    engine: { version: '20.10.24', source: 'found', host: 'unix:///run/other.sock' },
    images: {
      'ollama/ollama:0.34.0': { version: '0.34.0', source: 'built', reference: 'ollama-stacks/ollama:0.34.0-cpu' },
    },
  };
  const json = terraformJson(manifestOf({}), resolved);

  it('is the image that is deployed', () => {
    expect(containerOf(json)['image']).toBe('ollama-stacks/ollama:0.34.0-cpu');
  });

  it('is the engine of the provider and of the verbs that Terraform runs', () => {
    expect(json.provider.docker).toEqual([{ host: 'unix:///run/other.sock' }]);
    const environments = Object.values(json.resource['terraform_data'] ?? {}).flatMap(({ provisioner }) =>
      (provisioner as { 'local-exec': { environment: unknown } }[]).map((step) => step['local-exec'].environment),
    );
    expect(environments).toEqual(Array.from({ length: 4 }, () => ({ DOCKER_HOST: 'unix:///run/other.sock' })));
  });
});

it('takes provider 4.6, not the version of the bindings', () => {
  expect(terraformJson(manifestOf({})).terraform.required_providers.docker.version).toBe('~> 4.6');
});

it('keeps the state beside the manifest, by a path that survives a move', () => {
  expect(terraformJson(manifestOf({})).terraform.backend.local.path).toBe('../../../terraform.p.tfstate');
});

it('has nothing that Terraform could destroy a store with', () => {
  expect(Object.keys(terraformJson(manifestOf({})).resource).toSorted()).toEqual([
    'docker_container',
    'terraform_data',
  ]);
});

function addresses(json: TerraformJson): string[] {
  const resources = Object.entries(json.resource).flatMap(([type, all]) =>
    Object.keys(all).map((id) => `${type}.${id}`),
  );
  return [...resources, ...Object.keys(json.output).map((id) => `output.${id}`)].toSorted();
}

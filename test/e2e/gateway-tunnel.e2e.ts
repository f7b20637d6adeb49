import { once } from 'node:events';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeSyntheticGguf } from '../fixtures/gguf/synthetic-gguf.js';
import { docker, Project, type Ran, run } from '../support/project.js';

// The verbs on a deployed project with a gateway: its servers publish no port, so everything goes through the engine.
let project: Project;
let up: Ran;
let door: string;

beforeAll(async () => {
  project = await Project.create();
  writeSyntheticGguf(project.file('tiny.gguf'));
  door = `https://127.0.0.1:${project.port}`;
  await project.manifest(`gateway: { port: ${project.port}, metrics_port: ${await getPort({ host: '127.0.0.1' })} }
servers:
  main: { replicas: 2 }
models:
  tiny: { from: { gguf: ./tiny.gguf } }`);
  up = await project.verb('up');
});

afterAll(async () => {
  await project?.remove();
});

/** Docker's names of the containers of a server, or of the gateway. */
async function containersOf(label: string): Promise<string[]> {
  const filters = [`label=io.ollama-stacks.project=${project.name}`, `label=io.ollama-stacks.${label}`];
  const argv = filters.flatMap((filter) => ['--filter', filter]);
  return (await docker('ps', ...argv, '--format', '{{.Names}}')).split('\n').filter(Boolean);
}

async function keyNames(): Promise<string[]> {
  const { keys } = JSON.parse((await project.verb('keys', 'list', '--json')).stdout) as { keys: { name: string }[] };
  return keys.map(({ name }) => name);
}

describe('up', () => {
  it('tests the servers and the gateway, and tells how to reach that', async () => {
    expect([up.code, up.output]).toEqual([0, expect.stringContaining('every model answers')]);
    expect(up.stdout).toContain(`Ollama     ${door}`);
    expect(up.stdout).toMatch(/keys +npm run keys -- add NAME/);
    expect(up.stdout).toMatch(/trust +npm run tls -- trust --out ca.pem/);
    expect(up.stdout).not.toContain('docker://');
  });

  it('publishes nothing but the gateway', async () => {
    const published = await Promise.all(
      ['main-0', 'main-1'].map(async (server) => {
        const [container = ''] = await containersOf(`server=${server}`);
        expect(container).toMatch(new RegExp(`^${project.name}-${server}-[0-9a-f]{8}$`));
        return docker('port', container);
      }),
    );
    expect(published).toEqual(['', '']);
  });

  it('leaves nothing of the tunnels in the containers, and no key of a smoke test', async () => {
    const [container = ''] = await containersOf('server=main-0');
    await vi.waitFor(
      async () => expect(await docker('top', container, '-o', 'pid,args')).not.toContain('/dev/tcp'),
      10_000,
    );
    expect(await keyNames()).toEqual([]);
  });

  it('has nothing to do the second time, and says so', async () => {
    const again = await project.verb('up');
    expect([again.code, again.output]).toEqual([0, expect.stringContaining('nothing to do')]);
    expect((await project.verb('plan')).stdout).toContain('nothing to do');
  });
});

describe('status', () => {
  it('tells the servers and the gateway', async () => {
    const { code, stdout } = await project.verb('status', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      up: true,
      satisfied: true,
      servers: ['main-0', 'main-1'].map((server) => ({
        server,
        url: expect.stringMatching(new RegExp(`^docker://${project.name}-${server}-[0-9a-f]{8}$`)),
        state: 'running',
        models: [expect.objectContaining({ name: 'tiny:latest', present: true })],
      })),
      gateway: { url: door, up: true, keys: [], certificateEnds: expect.stringMatching(/^20\d\d-/) },
      troubles: [],
    });
    expect((await project.verb('status')).stdout).toMatch(
      new RegExp(`gateway +${door} +running +no key yet .* +certificate until 20`),
    );
  });

  it('and watch tell a server that stopped, and the gateway', async () => {
    const [server = ''] = await containersOf('server=main-1');
    const [gateway = ''] = await containersOf('role=gateway');
    await docker('stop', '--time', '0', server, gateway);
    try {
      const { code, stdout } = await project.verb('status');
      expect(code).toBe(1);
      expect(stdout).toContain(`server main-1: container ${server} is exited`);
      expect(stdout).toContain(`gateway: container ${gateway} is exited`);
      const watched = await project.verb('watch', '--once');
      expect([watched.code, watched.output]).toEqual([1, expect.stringContaining(server)]);
      expect(watched.output).toMatch(/gateway +wrong +container .* is exited/);
    } finally {
      await docker('start', server, gateway);
    }
    const waited = await project.verb('status', '--wait', '--timeout', '30s');
    expect([waited.code, waited.output]).toEqual([0, expect.stringContaining('2 of 2')]);
    expect((await project.verb('watch', '--once')).code).toBe(0);
  });
});

describe('smoke', () => {
  it('asks every server through the engine, and one through the door with a key of its own', async () => {
    const { code, stdout } = await project.verb('smoke', '--json');
    expect(code).toBe(0);
    const results = JSON.parse(stdout) as { name: string; server: string; status: string }[];
    for (const server of ['main-0', 'main-1']) {
      const names = results.filter((result) => result.server === server).map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['version', 'generate', 'openai chat streamed']));
    }
    expect(results.filter(({ server }) => server === 'gateway').map(({ name }) => name)).toEqual([
      'certificate',
      'no key',
      'wrong key',
      'management',
      'models',
      'through the gateway',
      'key',
    ]);
    expect(await keyNames()).toEqual([]);
  });

  it('revokes its key also when it is interrupted', async () => {
    const smoke = project.start(project.command('smoke'));
    const ended = once(smoke, 'exit');
    try {
      await vi.waitFor(async () => expect(await keyNames()).toHaveLength(1), { timeout: 60_000, interval: 50 });
    } finally {
      smoke.kill('SIGINT');
      await ended;
    }
    expect(await keyNames()).toEqual([]);
  });
});

describe('the other verbs', () => {
  it('logs shows servers and the gateway by their names', async () => {
    expect((await project.verb('logs', 'main-1')).output).toContain('Listening on');
    expect((await project.verb('logs', 'gateway')).code).toBe(0);
    expect((await project.verb('logs')).output).toContain('name one of main-0, main-1, gateway');
  });

  it('env tells one address, no key and no server', async () => {
    const { stdout } = await project.verb('env');
    expect(stdout).toContain(`OLLAMA_HOST=${door}\n`);
    expect(stdout).toContain('OLLAMA_STACKS_MODEL_TINY=tiny:latest');
    expect(stdout).not.toMatch(/osk_|docker:|main/i);
  });

  it('verify reads the store', async () => {
    const { code, output } = await project.verb('verify');
    expect([code, output]).toEqual([0, expect.stringMatching(/sound/)]);
  });

  it('plan says that a server is replaced without a gap and the gateway with one, and names the copies', async () => {
    await project.manifest(`gateway: { port: ${project.port}, metrics_port: ${await getPort({ host: '127.0.0.1' })} }
servers:
  main: { replicas: 2, num_parallel: 2 }
models:
  tiny: { from: { gguf: ./tiny.gguf } }`);
    const { code, stdout } = await project.verb('plan');
    expect(code).toBe(3);
    expect(stdout).toMatch(/~ server main-0 +num_parallel unset -> 2 +\(replaced without a gap\)/);
    expect(stdout).toMatch(/~ gateway .*\(replaced: a gap of seconds\)/);
    expect(stdout).toMatch(/server main-1 +replica 2 of 2/);
  });

  it('up refuses a port of the gateway that somebody else has, before anything is changed', async () => {
    const [gateway = ''] = await containersOf('role=gateway');
    const started = await docker('inspect', '--format', '{{.State.StartedAt}}', gateway);
    const taken = await getPort({ host: '127.0.0.1' });
    const { createServer } = await import('node:net');
    const other = createServer().listen(taken, '127.0.0.1');
    await once(other, 'listening');
    try {
      await project.manifest(`gateway: { port: ${taken} }\nservers: { main: { replicas: 2 } }
models:\n  tiny: { from: { gguf: ./tiny.gguf } }`);
      const { code, output } = await project.verb('up');
      expect([code, output]).toEqual([1, expect.stringContaining(`port ${taken} of gateway is in use`)]);
    } finally {
      other.close();
    }
    expect(await docker('inspect', '--format', '{{.State.StartedAt}}', gateway)).toBe(started);
  });
});

it('down takes servers and gateway away', async () => {
  const { code, output } = await project.verb('down');
  expect([code, output]).toEqual([0, expect.any(String)]);
  const label = `label=io.ollama-stacks.project=${project.name}`;
  expect((await run('docker', ['ps', '-aq', '--filter', label])).stdout).toBe('');
});

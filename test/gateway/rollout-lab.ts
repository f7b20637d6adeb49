import { randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import getPort from 'get-port';
import { addKey } from '../../manifest/access-keys.js';
import { gatewayPath, type GatewayPlan, gatewayPorts } from '../../manifest/gateway-plan.js';
import { gatewayLabel, projectLabel, serverLabel } from '../../manifest/label.js';
import { createKeyText, keyHash } from '../../gateway/access-key.js';
import { changeKeys } from '../../gateway/key-store.js';
import type { RolloutStep } from '../../gateway/rollout-event.js';
import type { RolloutOptions } from '../../gateway/rollout.js';
import type { LoadTarget } from '../support/load-generator.js';
import { preparedImage } from '../support/prepared-image.js';
import { bridgeAddress, docker, repository, run } from '../support/project.js';
import { answersAt } from '../support/test-process.js';

const model = 'tiny:latest';

/** A project with a network, containers that answer as servers do, and a gateway where a test starts it. */
export class RolloutLab implements AsyncDisposable {
  readonly project = `rollout-${randomBytes(4).toString('hex')}`;
  /** What the verbs told, in order. */
  readonly steps: RolloutStep[] = [];
  /** Of the gateway, from its first start on. */
  key = '';
  /** Status of `GET /api/version` by server, where it is not 200: what the next one gets, and so on. */
  readonly versions = new Map<string, number[]>();

  private constructor(
    private readonly image: string,
    private readonly port: number,
    private readonly backend: AsyncDisposable & { readonly address: string },
  ) {}

  static async open(): Promise<RolloutLab> {
    const { reference } = await preparedImage('haproxy:2.6');
    const port = await getPort({ host: '127.0.0.1' });
    const lab: { versions?: RolloutLab['versions'] } = {};
    const backend = await backendDouble((server) => lab.versions?.get(server)?.shift() ?? 200);
    const opened = new RolloutLab(reference, port, backend);
    lab.versions = opened.versions;
    await docker('network', 'create', '--label', `${projectLabel}=${opened.project}`, opened.project);
    return opened;
  }

  get gateway(): string {
    return `${this.project}-gateway`;
  }

  /** @param servers of the one pool: name of the server to the end of its container's name */
  plan(servers: Readonly<Record<string, string>>, change: Partial<GatewayPlan> = {}): GatewayPlan {
    const poolServers = Object.entries(servers).map(([name, end]) => ({
      name,
      container: `${this.project}-${name}-${end}`,
      slots: 50,
      gpu: false,
    }));
    return {
      project: this.project,
      root: '.',
      container: this.gateway,
      volume: this.gateway,
      revision: 'first',
      image: this.image,
      address: '127.0.0.1',
      port: this.port,
      metricsPort: gatewayPorts.metrics,
      tls: { kind: 'none' },
      maxBody: 1 << 20,
      maxQueue: 100,
      drain: 60,
      pools: poolServers.length === 0 ? [] : [{ name: 'pool-0', models: [model], servers: poolServers }],
      ...change,
    };
  }

  options(change: Partial<RolloutOptions> = {}): RolloutOptions {
    const emit = (step: RolloutStep): void => void this.steps.push(step);
    return { directory: repository, home: repository, emit, docker: {}, ...change };
  }

  /** Starts the containers of a plan: each hands requests on to the double in this process, and is cut when it ends. */
  async startServers({ pools }: GatewayPlan): Promise<void> {
    const start = ({ name, container }: GatewayPlan['pools'][number]['servers'][number]): Promise<string> => {
      const labels = `--label ${serverLabel}=${name} --entrypoint bash`.split(' ');
      return this.run(container, [...labels, this.image, '-c', forwarder, 'server', name, this.backend.address]);
    };
    await Promise.all(pools.flatMap(({ servers }) => servers.map(start)));
  }

  /** Starts HAProxy on the volume, as the stacks do, and gives it a key. */
  async startGateway({ container, revision, volume, image }: GatewayPlan): Promise<LoadTarget> {
    if (this.key === '') {
      this.key = createKeyText();
      const key = { name: 'load', sha256: keyHash(this.key), created: new Date().toISOString() };
      await changeKeys(this.plan({}), (file) => addKey(file, key));
    }
    const options = [
      `--label ${gatewayLabel}=${revision} --publish 127.0.0.1:${this.port}:${gatewayPorts.door}`,
      `--mount type=volume,source=${volume},target=${gatewayPath},readonly`,
      '--user 99:99 --read-only --tmpfs /tmp --tmpfs /run --cap-drop ALL',
      `${image} haproxy -W -db -S 127.0.0.1:${gatewayPorts.master},level,admin -f ${gatewayPath}/current/haproxy.cfg`,
    ];
    await this.run(container, options.join(' ').split(' '));
    const url = `http://127.0.0.1:${this.port}`;
    const deadline = performance.now() + 15_000;
    while (!(await answersAt(url))) {
      if (performance.now() > deadline) throw new Error((await run('docker', ['logs', container])).output);
      await sleep(20);
    }
    return {
      url,
      key: this.key,
      short: { model, prompt: 'hi', stream: false, chunks: 1 },
      stream: { model, prompt: 'hi', chunks: 20 },
      long: { model, prompt: 'hi', chunks: 100 },
    };
  }

  private run(name: string, words: readonly string[]): Promise<string> {
    const label = `${projectLabel}=${this.project}`;
    return docker('run', '--detach', '--name', name, '--network', this.project, '--label', label, ...words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const label = `label=${projectLabel}=${this.project}`;
    const containers = (await run('docker', ['ps', '--all', '--quiet', '--filter', label])).stdout
      .split('\n')
      .filter(Boolean);
    if (containers.length > 0) await run('docker', ['rm', '--force', '--volumes', ...containers]);
    await run('docker', ['network', 'rm', this.project]);
    await run('docker', ['volume', 'rm', '--force', this.gateway]);
    await this.backend[Symbol.asyncDispose]();
  }
}

/** The container of a server: HAProxy as a mere relay, which says whose name it bears. */
const forwarder = `
cat >/tmp/relay.cfg <<RELAY
defaults
  mode http
  option http-no-delay
  timeout connect 2s
  timeout client 1h
  timeout server 1h
frontend f
  bind *:11434
  http-request set-header x-server $1
  default_backend b
backend b
  server b $2
RELAY
echo "relay of $1 begins"
exec haproxy -db -f /tmp/relay.cfg
`;

/**
 * A double of Ollama behind every relay: versions and lists, and streams of `chunks` parts, one in 25 ms, as the body of
 * the request says.
 */
async function backendDouble(
  version: (server: string) => number,
): Promise<AsyncDisposable & { readonly address: string }> {
  const server = createServer((request, response) => {
    const name = String(request.headers['x-server']);
    response.setHeader('content-type', 'application/json');
    if (request.url === '/api/version') response.writeHead(version(name)).end('{"version":"0.34.0"}');
    else if (request.url === '/api/tags') response.end(JSON.stringify({ models: [{ name: model, model }] }));
    else if (request.url === '/api/ps') response.end('{"models":[]}');
    else void answer(request.setEncoding('utf8').toArray(), response);
  });
  server.keepAliveTimeout = 0;
  const host = await bridgeAddress();
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

async function answer(body: Promise<string[]>, response: ServerResponse): Promise<void> {
  const { chunks } = JSON.parse((await body).join('')) as { readonly chunks: number };
  for (let count = 1; count <= chunks && !response.destroyed; count += 1) {
    response.write(`${JSON.stringify({ model, response: 'x', done: count === chunks })}\n`);
    if (count < chunks) await sleep(25);
  }
  response.end();
}

import { setTimeout as sleep } from 'node:timers/promises';
import { gatewayPorts } from '../manifest/gateway-plan.js';
import { projectLabel } from '../manifest/label.js';
import { ContainerShell } from './container-shell.js';
import { runDocker, type DockerOptions } from './docker.js';
import { GatewayProblem } from './problem.js';
import { type Processes, parseProcesses, parseServerStates, type ServerState } from './haproxy-answers.js';

/**
 * Speaks to the master socket of HAProxy (management manual, section 9.4), which passes on to its workers what begins
 * with `@!<pid>`. One connection a command: the answer is whole when HAProxy closes it.
 */
const script = `
LC_ALL=C
answer() { printf '%s %s\\n' "$1" "\${#2}"; printf '%s' "$2"; }
while read -r bytes seconds; do
  if exec 3<>"/dev/tcp/127.0.0.1/$1"; then
    head -c "$bytes" >&3; text=$(timeout "$seconds" cat <&3; printf x); exec 3>&-; answer 0 "\${text%x}"
  else head -c "$bytes" >/dev/null; answer 7 ''; fi
done 2>/dev/null
`;

/** Time that HAProxy gets to answer at all: it is away for a moment while it reloads. */
const patience = 10_000;
const pollMs = 25;

/** The running HAProxy of a gateway. What it is told is on stdin of `docker exec` and nowhere else. */
export class Haproxy {
  private constructor(
    readonly container: string,
    private readonly shell: ContainerShell,
    private readonly docker: DockerOptions,
  ) {}

  /** Runs `work` with it. Rejects with `GatewayProblem` when the container does not run. */
  static async with<T>(
    container: string,
    work: (haproxy: Haproxy) => Promise<T>,
    docker: DockerOptions = {},
  ): Promise<T> {
    const argv = ['exec', '--interactive', container, 'bash', '-c', script, 'haproxy', String(gatewayPorts.master)];
    const shell = new ContainerShell(argv, `speak to HAProxy in ${container}`, docker);
    try {
      return await work(new Haproxy(container, shell, docker));
    } finally {
      await shell.close();
    }
  }

  /** Sends a command of the master, or with `@!<pid> ` before it of a worker, and returns the answer. */
  async command(command: string, payload?: string): Promise<string> {
    return this.#persist(() => this.#try(command, payload));
  }

  /** What `attempt` returns as soon as it is not undefined. */
  async #persist<T>(attempt: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + patience;
    for (;;) {
      const found = await attempt();
      if (found !== undefined) return found;
      if (performance.now() > deadline) {
        const next = `\`docker logs ${this.container}\` shows its last words`;
        throw new GatewayProblem('gateway-silent', `HAProxy in ${this.container} does not answer`, { next });
      }
      await sleep(pollMs);
    }
  }

  /** The processes; `current` answers new connections, `old` end what they began before a reload. */
  async processes(): Promise<Processes> {
    // While HAProxy reloads, it may take a connection and drop it without a word.
    return this.#persist(async () => parseProcesses((await this.#try('show proc')) ?? ''));
  }

  /** What every process, also the old ones, does with the servers. */
  async serverStates(): Promise<ServerState[]> {
    const { current, old } = await this.processes();
    const states = [];
    for (const pid of [...(current === undefined ? [] : [current]), ...old])
      states.push(...parseServerStates(await this.command(`@!${pid} show stat`), pid, pid !== current));
    return states;
  }

  /**
   * Has HAProxy read its files again, and waits until the new process serves. The old one ends what it began. Rejects
   * with `GatewayProblem` when the files are refused: the old process serves on then.
   * @returns pid of the new process
   */
  async reload(): Promise<number> {
    const before = await this.processes();
    await this.#try('reload', undefined, 0.5);
    for (;;) {
      const { reloads, failed, current } = await this.processes();
      if (reloads > before.reloads && failed > 0) throw await this.#refusedReload();
      if (reloads > before.reloads && current !== undefined && current !== before.current) {
        await this.command(`@!${current} show info`);
        return current;
      }
      await sleep(pollMs);
    }
  }

  /** The answer; undefined when nobody took the connection. */
  async #try(command: string, payload?: string, seconds = 5): Promise<string | undefined> {
    const text = payload === undefined ? `${command}\n` : `${command} <<\n${payload.trimEnd()}\n\n`;
    // The master keeps a connection open until it is told to close it.
    const { code, text: answer } = await this.shell.ask(String(seconds), `${text}quit\n`);
    return code === 0 ? answer : undefined;
  }

  async #refusedReload(): Promise<GatewayProblem> {
    const { stdout, stderr } = await runDocker(['logs', '--tail', '40', this.container], this.docker);
    const said = `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('[ALERT]'));
    return new GatewayProblem(
      'gateway-reload',
      `HAProxy in ${this.container} refuses its new configuration and serves on with the old one`,
      {
        original: said.join('\n'),
      },
    );
  }
}

/** Sends commands to the process that answers new connections; the answers in the same order. */
export async function adminCommand(
  container: string,
  commands: readonly string[],
  docker: DockerOptions = {},
): Promise<string[]> {
  return Haproxy.with(
    container,
    async (haproxy) => {
      const { current } = await haproxy.processes();
      const answers = [];
      for (const command of commands) answers.push(await haproxy.command(`@!${current ?? 0} ${command}`));
      return answers;
    },
    docker,
  );
}

/** Whether a container runs that carries the label of `project`. */
export async function isRunning(container: string, project: string, docker: DockerOptions = {}): Promise<boolean> {
  const filters = [`name=^/${container}$`, `label=${projectLabel}=${project}`];
  const argv = ['ps', '--quiet', ...filters.flatMap((filter) => ['--filter', filter])];
  return (await runDocker(argv, docker)).stdout.trim() !== '';
}

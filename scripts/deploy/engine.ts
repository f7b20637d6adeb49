import { engineEnvironment } from './engine-environment.js';
import { $ } from 'zx/core';
import { projectLabel, roleLabel, serverLabel } from '../../manifest/label.js';
import { Failure } from '../shell/problem.js';
import { explainEngineError } from './terraform-errors.js';

/** A container as `docker inspect` describes it; only what we read. */
export interface InspectedContainer {
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    /** RFC 3339, of its last start. */
    readonly StartedAt?: string;
    readonly Health?: { readonly Status: string };
  };
  readonly RestartCount: number;
  readonly Config: { readonly Image: string; readonly Labels: Readonly<Record<string, string>> | null };
}

/** A volume or a network. */
export interface Inspected {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Driver?: string;
  /** Of a volume: where it lies, when that is not the engine's own directory. */
  readonly Options?: Readonly<Record<string, string>> | null;
}

/** A container in the engine's list. */
export interface ListedContainer {
  readonly name: string;
  /** Docker's word: `running`, `exited` … */
  readonly state: string;
  /** Name of the server it is of; absent for those of the gateway and what observes it, which have a `role`. */
  readonly server?: string;
  readonly role?: string;
}

/** `docker info`; only what we read. */
export interface EngineInfo {
  readonly ServerVersion: string;
  readonly MemTotal: number;
  readonly NCPU: number;
  readonly DockerRootDir: string;
  readonly Runtimes: Readonly<Record<string, unknown>>;
  /** `systemd` or `cgroupfs` */
  readonly CgroupDriver?: string;
  /** `1` or `2` */
  readonly CgroupVersion?: string;
  /** `Debian GNU/Linux 12 (bookworm)` */
  readonly OperatingSystem?: string;
  /** `x86_64`, `aarch64` */
  readonly Architecture?: string;
  /** `name=seccomp,profile=default`, `name=selinux` */
  readonly SecurityOptions?: readonly string[] | null;
  readonly CDISpecDirs?: readonly string[] | null;
  readonly DiscoveredDevices?: readonly { readonly Source: string; readonly ID: string }[] | null;
}

/** The Docker engine of this project, through the `docker` command. */
export class Engine {
  readonly #$;

  /** @param host its endpoint, such as `unix:///var/run/docker.sock`; the docker client's own choice without */
  constructor(readonly host = '') {
    this.#$ = $({ env: engineEnvironment(host), quiet: true, nothrow: true });
  }

  /** The containers among `names` that exist. */
  async containers(names: readonly string[]): Promise<InspectedContainer[]> {
    if (names.length === 0) return [];
    return parsed(await this.#$`docker container inspect ${names}`, /No such container/i);
  }

  /** Every container of `project`, also those that do not run; the newest first. */
  async containersOf(project: string): Promise<ListedContainer[]> {
    const filter = `label=${projectLabel}=${project}`;
    const text = checked(await this.#$`docker ps --all --no-trunc --filter ${filter} --format ${listFormat}`);
    return text.split('\n').flatMap((line) => (line === '' ? [] : [listed(line)]));
  }

  /** The volumes among `names` that exist. */
  async volumes(names: readonly string[]): Promise<Inspected[]> {
    if (names.length === 0) return [];
    return parsed(await this.#$`docker volume inspect ${names}`, /no such volume/i);
  }

  /** The networks among `names` that exist. */
  async networks(names: readonly string[]): Promise<Inspected[]> {
    return parsed(await this.#$`docker network inspect ${names}`, /No such network|not found/i);
  }

  async create(kind: 'network' | 'volume', name: string, project: string): Promise<void> {
    checked(await this.#$`docker ${kind} create --label ${`${projectLabel}=${project}`} ${name}`);
  }

  /** Names of all volumes that carry the label of `project`. */
  async volumesOf(project: string): Promise<string[]> {
    const filter = `label=${projectLabel}=${project}`;
    const text = checked(await this.#$`docker volume ls --filter ${filter} --format ${'{{.Name}}'}`);
    return text.split('\n').filter(Boolean);
  }

  async removeVolume(name: string): Promise<void> {
    checked(await this.#$`docker volume rm ${name}`);
  }

  async info(): Promise<EngineInfo> {
    return JSON.parse(checked(await this.#$`docker info --format ${'{{json .}}'}`)) as EngineInfo;
  }

  /** Name of the running container that publishes a port of this machine. */
  async publisher(port: number): Promise<string | undefined> {
    const text = checked(await this.#$`docker ps --filter ${`publish=${port}`} --format ${'{{.Names}}'}`);
    return text.split('\n')[0] || undefined;
  }

  /** What a container wrote on both streams; `flags` are those of `docker logs`. */
  async logText(container: string, flags: readonly string[] = []): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#$`docker logs ${flags} ${container}`;
    // What the container wrote to its error stream comes before Docker's own words.
    checked({ exitCode, stdout, stderr: stderr.trimEnd().split('\n').at(-1) ?? '' });
    return `${stdout}${stderr}`;
  }

  /** Runs a command in a running container, whatever it exits with; `signal` ends the wait for it. */
  async execute(container: string, argv: readonly string[], signal?: AbortSignal): Promise<Output> {
    return this.#$({ ...(signal && { signal }) })`docker exec ${container} ${argv}`;
  }

  /**
   * Restarts a container of `project`.
   * @throws Failure when it carries the label of no or another project, or the engine refuses
   */
  async restart(container: string, project: string): Promise<void> {
    const [found] = await this.containers([container]);
    if (found?.Config.Labels?.[projectLabel] !== project) {
      const message = `container ${container} is not of project ${project}, so it is not restarted`;
      throw new Failure([{ code: 'foreign-container', message }]);
    }
    checked(await this.#$`docker restart ${container}`);
  }

  /** Shows the output of a container, with the terminal as it is. */
  async logs(container: string, flags: readonly string[]): Promise<number> {
    const { exitCode } = await this.#$({ stdio: 'inherit' })`docker logs ${flags} ${container}`;
    return exitCode ?? 1;
  }
}

const listFormat = `{{.Names}}\t{{.State}}\t{{.Label "${serverLabel}"}}\t{{.Label "${roleLabel}"}}`;

function listed(line: string): ListedContainer {
  const [name = '', state = '', server = '', role = ''] = line.split('\t');
  return { name, state, ...(server !== '' && { server }), ...(role !== '' && { role }) };
}

/** How a command ended and what it wrote. */
export interface Output {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `docker … inspect` prints what it found and fails when a single name is unknown. */
function parsed<T>(output: Output, unknown: RegExp): T[] {
  const others = output.stderr.split('\n').filter((line) => line.trim() !== '' && !unknown.test(line));
  if (output.exitCode !== 0 && others.length > 0) checked(output);
  return JSON.parse(output.stdout.trim() || '[]') as T[];
}

/** @throws Failure that explains why the engine did not do it */
function checked({ exitCode, stdout, stderr }: Output): string {
  if (exitCode !== 0) throw new Failure([explainEngineError(stderr.trim() || 'docker failed')]);
  return stdout;
}

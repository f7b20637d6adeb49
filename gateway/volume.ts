import { randomUUID } from 'node:crypto';
import { gatewayPath, type GatewayPlan } from '../manifest/gateway-plan.js';
import { projectLabel } from '../manifest/label.js';
import { ContainerShell } from './container-shell.js';
import { refusal, runDocker, type DockerOptions } from './docker.js';
import { GatewayProblem } from './problem.js';
import { volumeScript } from './volume-script.js';

/** What is needed to reach the volume of a gateway: a helper container of its own image. A `GatewayPlan` is one. */
export type VolumeAccess = Pick<GatewayPlan, 'project' | 'volume' | 'image'>;

/** Mode and owner of a file by who may read it besides root, as `chmod` and `chown` take them; 99 is HAProxy's user. */
const permissions = {
  root: '0600 0:0',
  gateway: '0440 0:99',
  /** The gateway's user alone, for what holds a private key. */
  gatewayOnly: '0400 99:99',
  /** What observes the gateway has users of its own. */
  everybody: '0444 0:0',
} as const;

export type Readers = keyof typeof permissions;

/** Files of the volume by path relative to it. */
export class GatewayVolume {
  constructor(
    private readonly shell: ContainerShell,
    private readonly name: string,
  ) {}

  /** Text of a file; undefined when there is none. */
  async read(file: string): Promise<string | undefined> {
    const { code, text } = await this.shell.ask(`get ${file}`);
    if (code === 2) return undefined;
    if (code === 0) return text;
    throw this.#refused(`read ${file}`, text);
  }

  /** Writes a file aside and renames it, so that it is there whole or not at all. */
  async write(file: string, text: string, readers: Readers): Promise<void> {
    await this.#do(`put ${file} ${permissions[readers]}`, `write ${file}`, text);
  }

  /** The same, when the file says something else; returns whether it did. */
  async update(file: string, text: string, readers: Readers): Promise<boolean> {
    if ((await this.read(file)) === text) return false;
    await this.write(file, text, readers);
    return true;
  }

  /** Where a symbolic link points; undefined when there is none. */
  async link(name: string): Promise<string | undefined> {
    return (await this.shell.ask(`link ${name}`)).text || undefined;
  }

  /** Lets a symbolic link point elsewhere, in one step. */
  async pointTo(name: string, target: string): Promise<void> {
    await this.#do(`swap ${name} ${target}`, `swap ${name}`);
  }

  /** Names in a directory, the one that changed last first. */
  async list(directory: string): Promise<string[]> {
    return (await this.shell.ask(`list ${directory}`)).text.split('\n').filter(Boolean);
  }

  async remove(name: string): Promise<void> {
    await this.#do(`drop ${name}`, `remove ${name}`);
  }

  /** What HAProxy itself says against a directory of configuration; undefined when it would start with it. */
  async fault(directory: string): Promise<string | undefined> {
    const { code, text } = await this.shell.ask(`try ${directory}`);
    return code === 0 ? undefined : text;
  }

  async #do(words: string, what: string, body?: string): Promise<void> {
    const { code, text } = await this.shell.ask(words, body);
    if (code !== 0) throw this.#refused(what, text);
  }

  #refused(what: string, text: string): GatewayProblem {
    const next = /no space left/i.test(text) ? 'make room where the engine keeps its volumes' : undefined;
    return new GatewayProblem('gateway-volume', `cannot ${what} in volume ${this.name}`, { next, original: text });
  }
}

/**
 * Runs `work` with the volume. `write`: nobody else changes it meanwhile, and it is made when it is not there.
 * `read`: undefined when it is not there. Rejects with `GatewayProblem` when it belongs to somebody else or the engine refuses.
 */
export async function withVolume<T>(
  access: VolumeAccess,
  mode: 'write',
  work: (volume: GatewayVolume) => Promise<T>,
  docker?: DockerOptions,
): Promise<T>;
export async function withVolume<T>(
  access: VolumeAccess,
  mode: 'read',
  work: (volume: GatewayVolume) => Promise<T>,
  docker?: DockerOptions,
): Promise<T | undefined>;
export async function withVolume<T>(
  access: VolumeAccess,
  mode: 'read' | 'write',
  work: (volume: GatewayVolume) => Promise<T>,
  docker: DockerOptions = {},
): Promise<T | undefined> {
  if (!(await isOurs(access, docker))) {
    if (mode === 'read') return undefined;
    await create(access, docker);
  }
  const name = `ollama-stacks-gateway-${randomUUID()}`;
  const shell = new ContainerShell(helperArguments(name, access, mode), `open volume ${access.volume}`, docker);
  try {
    const ready = await shell.ask('open');
    if (ready.code !== 0) {
      const next = 'wait for the other `npm run` to end, then run this again';
      throw new GatewayProblem('gateway-busy', `volume ${access.volume} is locked: ${ready.text}`, { next });
    }
    return await work(new GatewayVolume(shell, access.volume));
  } finally {
    // The engine removes it at its end, unless it never ran.
    if ((await shell.close()) !== 0) await runDocker(['rm', '--force', name], { env: docker.env });
  }
}

/** Whether the volume exists. Rejects when it is not of this project. */
async function isOurs({ project, volume }: VolumeAccess, docker: DockerOptions): Promise<boolean> {
  const labels = await runDocker(['volume', 'inspect', '--format', '{{json .Labels}}', volume], docker);
  if (labels.code !== 0) {
    if (/no such volume/i.test(labels.stderr)) return false;
    throw refusal(`look for volume ${volume}`, labels.stderr);
  }
  const owner = (JSON.parse(labels.stdout) as Record<string, string> | null)?.[projectLabel];
  if (owner === project) return true;
  const whose = owner === undefined ? 'was not made by ollama-stacks' : `belongs to project ${owner}`;
  throw new GatewayProblem('foreign-volume', `volume ${volume} is not ours: it ${whose}, so it is left alone`, {
    next: 'choose another `project`, or remove the volume yourself',
  });
}

async function create({ project, volume }: VolumeAccess, docker: DockerOptions): Promise<void> {
  const made = await runDocker(['volume', 'create', '--label', `${projectLabel}=${project}`, volume], docker);
  if (made.code !== 0) throw refusal(`make volume ${volume}`, made.stderr);
}

/** CHOWN gives files to the gateway's user, DAC_OVERRIDE reads those again, SETUID and SETGID run HAProxy's check as it. */
const capabilities = ['CHOWN', 'DAC_OVERRIDE', 'SETUID', 'SETGID'];

/** `docker run` of a helper that lives as long as its stdin. */
function helperArguments(name: string, { volume, image }: VolumeAccess, mode: 'read' | 'write'): string[] {
  const readonly = mode === 'read' ? ',readonly' : '';
  const added = mode === 'read' ? ['DAC_OVERRIDE'] : capabilities;
  return [
    // The engine would write down what the helper answers.
    ...'run --rm --interactive --network none --read-only --user 0:0 --pull never --log-driver none'.split(' '),
    ...'--security-opt no-new-privileges --tmpfs /tmp --cap-drop ALL'.split(' '),
    ...added.map((capability) => `--cap-add=${capability}`),
    `--name=${name}`,
    `--tmpfs=${gatewayPath}:mode=0755`,
    `--mount=type=volume,source=${volume},target=/volume,volume-nocopy${readonly}`,
    '--entrypoint=bash',
    image,
    '-c',
    volumeScript,
    'volume',
    mode,
  ];
}

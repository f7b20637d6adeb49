import { projectLabel } from '../../manifest/label.js';
import { exitCode } from '../shell/exit-code.js';
import { Failure } from '../shell/problem.js';
import { Engine } from './engine.js';

/** What Terraform makes through us, because its own resource for it would do harm (ADR 0003, 0007). */
export type Ensured = 'network' | 'volume';

const wayOut: Readonly<Record<Ensured, string>> = {
  network: 'choose another `project`, or remove the network yourself',
  volume: 'choose another `store`, or label a volume of your own',
};

/**
 * Creates a network or volume with the label of its project, or makes sure that the existing one is this project's.
 * Returns an exit code for Terraform: 1, with one line on stderr and nothing touched, when it belongs to somebody else.
 */
export async function ensureOwned(kind: Ensured, project: string, name: string): Promise<number> {
  try {
    const fault = await ensure(new Engine(process.env.DOCKER_HOST), kind, project, name);
    if (fault === undefined) return exitCode.fine;
    process.stderr.write(`${fault}\n`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(error.findings.map(({ message, next }) => `${message}${next ? `; ${next}` : ''}\n`).join(''));
  }
  return exitCode.failed;
}

async function ensure(engine: Engine, kind: Ensured, project: string, name: string): Promise<string | undefined> {
  const [existing] = await (kind === 'network' ? engine.networks([name]) : engine.volumes([name]));
  if (!existing) {
    await engine.create(kind, name, project);
    return undefined;
  }
  const owner = existing.Labels?.[projectLabel];
  if (owner === project) return undefined;
  const whose = owner === undefined ? 'was not made by ollama-stacks' : `belongs to project ${owner}`;
  return `${kind} ${name} exists and is not ours: it ${whose}, so it is left alone; ${wayOut[kind]}`;
}

import { readFile } from 'node:fs/promises';
import { Failure } from '../shell/problem.js';

/** What the state file says is deployed. */
export interface DeployedState {
  /** The project whose outputs it holds; absent before the first successful apply. */
  readonly project?: string;
  readonly containers: readonly DeployedContainer[];
  /** Addresses of all resources. */
  readonly addresses: ReadonlySet<string>;
}

interface DeployedContainer {
  readonly name: string;
  readonly ports: readonly number[];
}

interface StateFile {
  readonly outputs?: { readonly project?: { readonly value?: string } };
  readonly resources?: readonly {
    readonly type: string;
    readonly name: string;
    readonly instances: readonly {
      readonly attributes?: { readonly name?: string; readonly ports?: readonly { readonly external: number }[] };
    }[];
  }[];
}

/** Path of a project's state, relative to the working directory. */
export const statePath = (project: string): string => `terraform.${project}.tfstate`;

/**
 * Reads the state of a project; nothing when there is none.
 * @throws Failure when the file is cut short, as Terraform leaves it when it is killed in the middle of writing
 */
export async function readState(project: string): Promise<DeployedState | undefined> {
  let text: string;
  try {
    text = await readFile(statePath(project), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return parseState(text);
  } catch (error) {
    const file = statePath(project);
    const next = `put back ${file}.backup, or a copy of your own, and run this again; nothing was touched`;
    const message = `${file} is no whole Terraform state`;
    throw new Failure([{ code: 'broken-state', message, next, original: (error as Error).message }]);
  }
}

/** @throws SyntaxError when the text is no JSON */
export function parseState(text: string): DeployedState {
  const { outputs, resources = [] } = JSON.parse(text) as StateFile;
  const containers = resources
    .filter(({ type }) => type === 'docker_container')
    .flatMap(({ instances }) => instances.map(({ attributes }) => attributes ?? {}))
    .map(({ name = '', ports }) => ({ name, ports: (ports ?? []).map(({ external }) => external) }));
  const project = outputs?.project?.value;
  return {
    ...(project === undefined ? {} : { project }),
    containers,
    addresses: new Set(resources.map(({ type, name }) => `${type}.${name}`)),
  };
}

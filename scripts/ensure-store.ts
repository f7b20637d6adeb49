import { $ } from 'zx/core';

const label = 'io.ollama-stacks.project';

/**
 * Creates the volume of a store, or makes sure that the existing one is this project's. Terraform would adopt a volume
 * of another project without a word and delete it with its own. Exit code 1, volume untouched, when it is not ours.
 */
export async function main(argv: string[]): Promise<number> {
  const [project, store, ...others] = argv;
  if (project === undefined || store === undefined || others.length > 0) {
    process.stderr.write('usage: ollama-stacks ensure-store <project> <volume>\n');
    return 2;
  }
  const fault = await ensureStore(project, store);
  if (fault === undefined) return 0;
  process.stderr.write(`${fault}\n`);
  return 1;
}

async function ensureStore(project: string, store: string): Promise<string | undefined> {
  const inspected = await docker`docker volume inspect --format ${'{{json .Labels}}'} ${store}`;
  if (inspected.exitCode === 0) {
    const labels: Labels = JSON.parse(inspected.stdout);
    return notOurs(project, store, labels);
  }
  if (!/no such volume/i.test(inspected.stderr)) return engineFault(inspected.stderr);
  const created = await docker`docker volume create --label ${`${label}=${project}`} ${store}`;
  return created.exitCode === 0 ? undefined : engineFault(created.stderr);
}

type Labels = Readonly<Record<string, string>> | null;

function notOurs(project: string, store: string, labels: Labels): string | undefined {
  const owner = labels?.[label];
  if (owner === project) return undefined;
  const whose = owner === undefined ? 'was not made by ollama-stacks' : `belongs to project ${owner}`;
  return `volume ${store} exists and is not ours: it ${whose}, so it is left alone; choose another \`store\`, or label a volume of your own ${label}=${project}`;
}

function engineFault(stderr: string): string {
  const cause = stderr.trim().split('\n')[0] ?? '';
  if (/permission denied/i.test(cause))
    return `no permission to use the Docker engine: ${cause}; join the group docker, or run as root`;
  if (/cannot connect|connection refused|no such host|is the docker daemon running/i.test(cause)) {
    return `the Docker engine does not answer: ${cause}; start it, or correct DOCKER_HOST`;
  }
  if (/command not found/.test(stderr))
    return 'the docker command is missing; run `npm run up`, which installs it, or install the package docker-cli';
  return `docker refused: ${cause}`;
}

const docker = $({ nothrow: true, quiet: true });

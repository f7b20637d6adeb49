import { Engine, projectLabel } from './deploy/engine.js';
import { exitCode } from './shell/exit-code.js';
import { Failure } from './shell/problem.js';

/**
 * Creates the network of a project, or makes sure that the existing one is this project's; Terraform runs it
 * (docs/adr/0007-network-without-docker-network.md). Exit code 1, network untouched, when it is not ours.
 */
export async function main(argv: string[]): Promise<number> {
  const [project, ...others] = argv;
  if (project === undefined || others.length > 0) {
    process.stderr.write('usage: ollama-stacks ensure-network <project>\n');
    return exitCode.usage;
  }
  try {
    await ensureNetwork(project);
    return exitCode.fine;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(error.findings.map(({ message, next }) => `${message}${next ? `; ${next}` : ''}\n`).join(''));
    return exitCode.failed;
  }
}

async function ensureNetwork(project: string): Promise<void> {
  const engine = new Engine(process.env.DOCKER_HOST);
  const [network] = await engine.networks([project]);
  if (!network) return engine.createNetwork(project, project);
  if (network.Labels?.[projectLabel] === project) return;
  const owner = network.Labels?.[projectLabel];
  throw new Failure([
    {
      code: 'foreign-network',
      message: `network ${project} exists already and is not ours${owner ? `, but of project ${owner}` : ''}`,
      next: 'it is never touched: choose another `project`, or remove it yourself',
    },
  ]);
}

import { ensureOwned } from './deploy/ownership.js';
import { exitCode } from './shell/exit-code.js';

/** Makes sure of a project's network; Terraform runs it (docs/adr/0007-network-without-docker-network.md). */
export async function main(argv: string[]): Promise<number> {
  const [project, ...others] = argv;
  if (project !== undefined && others.length === 0) return ensureOwned('network', project, project);
  process.stderr.write('usage: ollama-stacks ensure-network <project>\n');
  return exitCode.usage;
}

import { ensureOwned } from './deploy/ownership.js';
import { exitCode } from './shell/exit-code.js';

/** Makes sure of a store's volume; Terraform runs it (docs/adr/0003-stores-outside-terraform-state.md). */
export async function main(argv: string[]): Promise<number> {
  const [project, store, ...others] = argv;
  if (project !== undefined && store !== undefined && others.length === 0) {
    return ensureOwned('volume', project, store);
  }
  process.stderr.write('usage: ollama-stacks ensure-store <project> <volume>\n');
  return exitCode.usage;
}

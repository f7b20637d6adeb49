import { GatewayProblem } from '../gateway/problem.js';
import { makeRoom } from '../gateway/room.js';
import { exitCode } from './shell/exit-code.js';

/** Stops the predecessor of a server that has a port of this machine; Terraform runs it before it makes the successor. */
export async function main(argv: string[]): Promise<number> {
  const [project, server, ...others] = argv;
  if (project === undefined || server === undefined || others.length > 0) {
    process.stderr.write('usage: ollama-stacks make-room <project> <server>\n');
    return exitCode.usage;
  }
  try {
    await makeRoom(project, server);
    return exitCode.fine;
  } catch (error) {
    if (!(error instanceof GatewayProblem)) throw error;
    process.stderr.write(`${error.message}${error.next === undefined ? '' : `; ${error.next}`}\n`);
    return exitCode.failed;
  }
}

import type { Finding } from '../shell/problem.js';

/** One error of Terraform, its provider, or the engine behind it. */
export interface TerraformError {
  readonly summary: string;
  readonly detail: string;
  /** Address of the resource it concerns. */
  readonly address?: string;
}

interface Known {
  readonly code: string;
  readonly pattern: RegExp;
  readonly message: (match: RegExpExecArray, subject: string) => string;
  readonly next: string;
}

/** In this order: the first that matches explains the error. Texts: moby, docker/cli, kreuzwerker/docker, hashicorp/terraform. */
const known: readonly Known[] = [
  {
    code: 'port-in-use',
    pattern:
      /(?:Bind for \S*?:(\d+) failed: port is already allocated|listen tcp\S* \S*?:(\d+): bind: address already in use)/,
    message: (match, subject) => `port ${match[1] ?? match[2]} of ${subject} is in use by something else`,
    next: 'stop what uses the port, or set another `port`',
  },
  {
    code: 'no-gpu-runtime',
    pattern: /could not select device driver "?(\w*)"?|unresolvable CDI devices|nvidia-container-cli: [^\n]+/,
    message: (_, subject) => `the engine cannot give ${subject} the GPU it asks for: it has no runtime for it`,
    next: 'install nvidia-container-toolkit on the machine of the engine and restart the engine, or set `gpu: none`',
  },
  {
    code: 'engine-permission',
    pattern: /permission denied while trying to connect to the Docker daemon|dial unix \S+: connect: permission denied/,
    message: () => 'you may not use the Docker engine',
    next: 'add yourself to the group of its socket (usually `sudo usermod -aG docker $USER`, then log in again)',
  },
  {
    code: 'engine-not-running',
    pattern:
      /Cannot connect to the Docker daemon(?: at (\S+?))?\.? |error during connect|connect: connection refused|connect: no such file or directory/,
    message: (match) => `the Docker engine does not answer${match[1] ? ` at ${match[1]}` : ''}`,
    next: 'start it (`sudo systemctl start docker`), then run `npm run up` again: it goes on where this stopped',
  },
  {
    code: 'engine-stopped',
    pattern: /failed to update store for object type|transport is closing|daemon is shutting down|unexpected EOF/,
    message: () => 'the Docker engine stopped in the middle of its work',
    next: 'start it again, then run `npm run up`: it goes on where this stopped',
  },
  {
    code: 'docker-missing',
    pattern: /docker: (?:command )?not found/,
    message: () => 'the docker command is missing',
    next: '`npm run up` installs it, or install the package docker-cli yourself',
  },
  {
    code: 'name-conflict',
    pattern: /The container name "\/?([^"]+)" is already in use by container "?(\w{12})?/,
    message: (match) => `container ${match[1]} exists already and is not ours`,
    next: 'it is never touched: rename or remove it yourself, or choose another `project`',
  },
  {
    code: 'disk-full',
    pattern: /no space left on device/i,
    message: () => 'the disk is full',
    next: 'make room (`docker system df` shows what Docker holds), then run `npm run up` again',
  },
  {
    code: 'state-locked',
    pattern: /Error acquiring the state lock[\s\S]*?ID:\s+(\S+)/,
    message: () => 'another terraform or `up` works on this project right now',
    next: 'wait for it to end, then run this again',
  },
  {
    code: 'image-missing',
    pattern: /[Uu]nable to find or pull image (\S+?)(?:: |\s|$)/,
    message: (match) => `the image ${match[1]} is not on the engine and could not be pulled`,
    next: '`npm run up` finds or builds the image; run it instead of this, or check the name of the image',
  },
  {
    code: 'container-died',
    pattern: /container exited immediately|container .{12,64} (?:is not running|exited)/i,
    message: (_, subject) => `${subject} ended at once`,
    next: '`npm run logs` shows its last words',
  },
];

/** The error in our words, with the next step; the original text is kept beside it. */
export function explainTerraformError(error: TerraformError, subject = 'a server'): Finding {
  const original = [error.summary, error.detail].filter(Boolean).join('\n');
  for (const { code, pattern, message, next } of known) {
    const match = pattern.exec(original);
    if (match) return { code, message: message(match, subject), next, original };
  }
  const [first = 'terraform failed'] = error.summary.split('\n');
  return { code: 'terraform', message: `terraform: ${first}${error.address ? ` (${error.address})` : ''}`, original };
}

/** The same for what the `docker` command says. */
export function explainEngineError(text: string): Finding {
  const finding = explainTerraformError({ summary: text, detail: '' });
  if (finding.code !== 'terraform') return finding;
  const [first = ''] = text.trim().split('\n');
  return { code: 'engine', message: `the Docker engine refused: ${first}`, original: text };
}

/** Whether `terraform init` mends this: the providers are not those that the configuration asks for. */
export function wantsInit(text: string): boolean {
  return /terraform init|tofu init|Inconsistent dependency lock file|Required plugins are not installed|Backend initialization required/.test(
    text,
  );
}

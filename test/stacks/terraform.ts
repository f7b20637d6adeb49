import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { prepareProvider } from '../../toolchain/provider.js';
import { terraformEnvironment } from '../../toolchain/terraform-environment.js';
import { prepareTerraform } from '../../toolchain/terraform.js';
import { cacheDirectory, oneAtATime, type Workshop } from '../../toolchain/workshop.js';
import { repository, run, type Ran } from '../support/project.js';

/** What `terraform plan` would do. */
interface Planned {
  readonly add: number;
  readonly change: number;
  readonly remove: number;
  /** Errors and warnings, in Terraform's words. */
  readonly diagnostics: readonly string[];
}

const nowhere = 'unix:///nonexistent.sock';

/** The real Terraform with the real provider, from wherever the toolchain has them. */
export class RealTerraform {
  private constructor(
    private readonly binary: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** `host`: of the engine; left out, none is asked. */
  static async prepare(host = nowhere): Promise<RealTerraform> {
    const workshop: Workshop = {
      cache: cacheDirectory(process.env),
      home: repository,
      env: process.env,
      signal: new AbortController().signal,
      progress: () => undefined,
      compile: oneAtATime(),
    };
    const terraform = await prepareTerraform(workshop);
    const provider = await prepareProvider(workshop, terraform);
    const engine = { version: 'none', source: 'nowhere', host };
    return new RealTerraform(
      terraform.path,
      terraformEnvironment({ engine, terraform, provider, images: {} }, process.env),
    );
  }

  /** Initializes the stack in `stackDir` and plans it from an empty state, without an engine. */
  async planOffline(stackDir: string): Promise<Planned> {
    const offline = { provider: { docker: { host: nowhere, disable_docker_daemon_check: true } } };
    writeFileSync(path.join(stackDir, 'offline_override.tf.json'), JSON.stringify(offline));
    await this.init(stackDir);
    return this.plan(stackDir);
  }

  async init(stackDir: string): Promise<void> {
    const { code, output } = await this.run(stackDir, 'init', '-input=false', '-no-color');
    if (code !== 0) throw new Error(output);
  }

  async plan(stackDir: string): Promise<Planned> {
    const { stdout } = await this.run(stackDir, 'plan', '-input=false', '-json');
    return planned(stdout);
  }

  async apply(stackDir: string): Promise<Ran> {
    return this.run(stackDir, 'apply', '-input=false', '-auto-approve', '-no-color');
  }

  async destroy(stackDir: string): Promise<Ran> {
    return this.run(stackDir, 'destroy', '-input=false', '-auto-approve', '-no-color');
  }

  private run(stackDir: string, ...argv: string[]): Promise<Ran> {
    return run(this.binary, argv, { cwd: stackDir, env: this.env });
  }
}

interface PlanMessage {
  readonly type: string;
  readonly diagnostic?: { readonly severity: string; readonly summary: string; readonly detail: string };
  readonly changes?: { readonly add: number; readonly change: number; readonly remove: number };
}

function planned(stdout: string): Planned {
  const messages = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as PlanMessage);
  const none = { add: 0, change: 0, remove: 0 };
  const { add, change, remove } = messages.find(({ type }) => type === 'change_summary')?.changes ?? none;
  const diagnostics = messages.flatMap(({ diagnostic }) =>
    diagnostic === undefined ? [] : [`${diagnostic.severity}: ${diagnostic.summary} ${diagnostic.detail}`],
  );
  return { add, change, remove, diagnostics };
}

import { Construct } from 'constructs';
import type { Manifest, Server } from '../../manifest/manifest.js';
import { TerraformOutput } from '../cdktf.js';

/** How to reach one server. */
interface ServerOutput {
  /** Base URL of Ollama's own API. */
  readonly url: string;
  /** Base URL for OpenAI clients. */
  readonly openai_url: string;
  readonly container: string;
}

export interface DeploymentOutputsProps {
  readonly manifest: Manifest;
}

/** What `terraform output` and `cdktf output` show, under fixed names: `project`, `servers`, `models`. */
export class DeploymentOutputs extends Construct {
  constructor(scope: Construct, id: string, props: DeploymentOutputsProps) {
    super(scope, id);
    const { project, servers, models } = props.manifest;
    this.output('project', project);
    this.output('servers', Object.fromEntries(servers.map((server) => [server.name, serverOutput(server)])));
    this.output(
      'models',
      models.map((model) => model.name),
    );
  }

  private output(name: string, value: unknown): void {
    new TerraformOutput(this, name, { value, staticId: true });
  }
}

function serverOutput(server: Server): ServerOutput {
  const url = `http://127.0.0.1:${server.port}`;
  return { url, openai_url: `${url}/v1`, container: server.container };
}

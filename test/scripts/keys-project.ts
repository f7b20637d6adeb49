import { mkdir, writeFile } from 'node:fs/promises';
import { docker, Project } from '../support/project.js';
import { haproxyImage } from '../gateway/gateway-container.js';

/** A project with a gateway that is set up and not deployed; Terraform is only said to be there. */
export async function gatewayProject(gateway = '{}'): Promise<Project> {
  const project = await Project.create();
  await project.manifest(`gateway: ${gateway}\nservers: { main: {} }\nmodels: { "smollm2:135m": {}, "qwen3:8b": {} }`);
  const host =
    process.env.DOCKER_HOST ?? (await docker('context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'));
  const piece = { version: '1', source: 'found' };
  const ollama = process.env.OLLAMA_STACKS_TEST_IMAGE ?? 'ollama-stacks/ollama:0.34.0-cpu';
  const resolved = {
    engine: { ...piece, host },
    terraform: { ...piece, path: process.execPath },
    provider: piece,
    images: {
      [process.env.OLLAMA_STACKS_E2E_IMAGE ?? 'ollama/ollama:0.34.0']: { ...piece, reference: ollama },
      'haproxy:2.6': { ...piece, reference: haproxyImage },
    },
  };
  await mkdir(project.file('.toolchain'));
  await writeFile(project.file('.toolchain/resolved.json'), JSON.stringify(resolved));
  return project;
}

import { existsSync } from 'node:fs';
import { imageVersion, parseImageRef } from '../manifest/image-ref.js';
import type { Resolved } from '../manifest/resolved.js';
import { builtReference, importBuiltImage } from './built-image.js';
import { run } from './command.js';
import { socketPath } from './endpoint.js';
import { ToolchainProblem } from './problem.js';
import { answers } from './registry.js';
import type { Workshop } from './workshop.js';

export type ResolvedImage = Resolved['images'][string];

/**
 * Brings a declared image into the engine: present, pulled, loaded from the tar that `OLLAMA_STACKS_IMAGE_TAR` names, or
 * Ollama of the same version built for CPU under a name of its own.
 * @param host Docker endpoint
 * @throws ToolchainProblem `image-unknown-version`, `image-tar`, or what the pull said
 */
export async function prepareImage(workshop: Workshop, host: string, declared: string): Promise<ResolvedImage> {
  if (await isPresent(workshop, host, declared))
    return { version: describe(declared), source: 'found', reference: declared };
  if (await canPull(workshop, host, declared)) return pull(workshop, host, declared);
  const tar = workshop.env.OLLAMA_STACKS_IMAGE_TAR;
  if (tar) return load(workshop, host, declared, tar);
  return build(workshop, host, declared);
}

/** Where the registry of a reference answers (distribution/reference: a domain has a dot, a port, or is localhost). */
export function registryUrl(declared: string): string {
  const [first = '', ...rest] = declared.split('/');
  const domain = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
  if (domain === 'docker.io') return 'https://registry-1.docker.io/v2/';
  return `${/^(localhost|127\.)/.test(domain) ? 'http' : 'https'}://${domain}/v2/`;
}

/** What a person calls it: `ollama 0.34.0`. */
function describe(declared: string): string {
  const { repository = declared, tag, digest } = parseImageRef(declared) ?? {};
  return [repository.split('/').at(-1), tag ?? digest?.slice(7, 19)].filter(Boolean).join(' ');
}

async function isPresent(workshop: Workshop, host: string, reference: string): Promise<boolean> {
  const argv = ['docker', '--host', host, 'image', 'inspect', '--format', '{{.Id}}', reference];
  return run(workshop, argv).then(
    () => true,
    (error: unknown) => {
      if (error instanceof ToolchainProblem && error.code === 'command-failed') return false;
      throw error;
    },
  );
}

/** An engine elsewhere, or one with a mirror or a proxy, may reach what this machine does not: it is asked itself. */
async function canPull(workshop: Workshop, host: string, declared: string): Promise<boolean> {
  if (socketPath(host) === undefined || (await answers(registryUrl(declared)))) return true;
  const format = '{{len .RegistryConfig.Mirrors}} {{.HTTPProxy}}{{.HTTPSProxy}}';
  return (await run(workshop, ['docker', '--host', host, 'info', '--format', format])).trim() !== '0';
}

async function pull(workshop: Workshop, host: string, declared: string): Promise<ResolvedImage> {
  workshop.progress(`pulling ${declared}`);
  const onLine = (line: string) => workshop.progress(line.trim());
  await run(workshop, ['docker', '--host', host, 'pull', declared], { onLine });
  return { version: describe(declared), source: 'pulled', reference: declared };
}

async function load(workshop: Workshop, host: string, declared: string, tar: string): Promise<ResolvedImage> {
  const change = 'correct OLLAMA_STACKS_IMAGE_TAR, or unset it';
  if (!existsSync(tar))
    throw new ToolchainProblem('image-tar', `OLLAMA_STACKS_IMAGE_TAR names ${tar}, which does not exist`, change);
  workshop.progress(`loading ${tar}`);
  const said = await run(workshop, ['docker', '--host', host, 'load', '--input', tar]);
  const reference = /^Loaded image(?: ID)?: (\S+)$/m.exec(said)?.[1];
  if (reference === undefined) throw new ToolchainProblem('image-tar', `${tar} holds no image`, change, said);
  return { version: describe(declared), source: `loaded from ${tar}`, reference };
}

async function build(workshop: Workshop, host: string, declared: string): Promise<ResolvedImage> {
  const version = buildableVersion(declared);
  const reference = builtReference(version);
  const piece = { version: `ollama ${version} (CPU only)`, reference };
  const reason = 'no registry answered';
  if (await isPresent(workshop, host, reference)) return { ...piece, source: `built earlier (${reason})` };
  const result = await importBuiltImage(workshop, version, host);
  return { ...piece, source: `${result.built ? 'built' : 'built earlier'} (${reason})` };
}

/**
 * The Ollama version that is built in place of a declared image.
 * @throws ToolchainProblem `image-unreachable` for an image that is not `ollama/ollama:<version>`
 */
export function buildableVersion(declared: string): string {
  const parsed = parseImageRef(declared);
  const version = parsed && imageVersion(parsed);
  const official = /^(docker\.io\/)?ollama\/ollama$/.test(parsed?.repository ?? '') && !parsed?.digest;
  if (official && version && !version.prerelease) return version.text;
  throw new ToolchainProblem(
    'image-unreachable',
    `the registry of ${declared} does not answer, and only ollama/ollama:<version> can be built here`,
    'declare such an image, or name a tar of `docker save` in OLLAMA_STACKS_IMAGE_TAR',
  );
}

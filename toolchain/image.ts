import { existsSync } from 'node:fs';
import { imageVersion, parseImageRef } from '../manifest/image-ref.js';
import type { Resolved, ResolvedPiece } from '../manifest/resolved.js';
import { builtReference, importBuiltImage } from './built-image.js';
import { run } from './command.js';
import { buildDebianImage, debianImage, type DebianImage } from './debian-image.js';
import { socketPath } from './endpoint.js';
import { isPinned, pinnedReference } from './image-pin.js';
import { ToolchainProblem } from './problem.js';
import { answers } from './registry.js';
import type { Workshop } from './workshop.js';

export type ResolvedImage = Resolved['images'][string];

const noRegistry = 'no registry answered';

/**
 * Brings a declared image into the engine: present (`docker load` is a way to give one), pulled, or built. Ollama's: from
 * the tar that `OLLAMA_STACKS_IMAGE_TAR` names, or the same version built for CPU under a name of its own. HAProxy's and
 * Prometheus's: made of the distribution's packages, and deployed by digest where a registry has them.
 * @param host Docker endpoint
 * @throws ToolchainProblem `image-unreachable`, `image-unknown-version`, `image-tar`, or what the pull said
 */
export async function prepareImage(workshop: Workshop, host: string, declared: string): Promise<ResolvedImage> {
  if (await isPresent(workshop, host, declared)) return deployable(workshop, host, declared, 'found');
  if (await canPull(workshop, host, declared)) return pull(workshop, host, declared);
  const substitute = debianImage(declared);
  if (substitute) return buildFromPackages(workshop, host, substitute);
  const tar = workshop.env.OLLAMA_STACKS_IMAGE_TAR;
  if (tar && !isPinned(declared)) return load(workshop, host, declared, tar);
  return build(workshop, host, declared);
}

/**
 * As `prepareImage`, for an image that nothing depends on.
 * @returns without a reference where the image is not to be had; `source` says so to a person
 */
export async function prepareOptionalImage(
  workshop: Workshop,
  host: string,
  declared: string,
): Promise<ResolvedPiece & { readonly reference?: string }> {
  try {
    return await prepareImage(workshop, host, declared);
  } catch (error) {
    if (!(error instanceof ToolchainProblem) || workshop.signal.aborted) throw error;
    const why = error.code === 'image-unreachable' ? noRegistry : (error.original?.split('\n').at(-1) ?? error.message);
    return { version: describeImage(declared), source: `left out (${why})` };
  }
}

/** Where the registry of a reference answers (distribution/reference: a domain has a dot, a port, or is localhost). */
export function registryUrl(declared: string): string {
  const [first = '', ...rest] = declared.split('/');
  const domain = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
  if (domain === 'docker.io') return 'https://registry-1.docker.io/v2/';
  return `${/^(localhost|127\.)/.test(domain) ? 'http' : 'https'}://${domain}/v2/`;
}

/** What a person calls it: `ollama 0.34.0`. */
function describeImage(declared: string): string {
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
  return deployable(workshop, host, declared, 'pulled');
}

/** An image that the engine holds under its declared name. */
async function deployable(workshop: Workshop, host: string, declared: string, source: string): Promise<ResolvedImage> {
  const version = describeImage(declared);
  if (!isPinned(declared)) return { version, source, reference: declared };
  const argv = ['docker', '--host', host, 'image', 'inspect', '--format', '{{json .RepoDigests}}', declared];
  const repoDigests = JSON.parse(await run(workshop, argv)) as string[];
  return { version, source, reference: pinnedReference(declared, repoDigests) };
}

async function load(workshop: Workshop, host: string, declared: string, tar: string): Promise<ResolvedImage> {
  const change = 'correct OLLAMA_STACKS_IMAGE_TAR, or unset it';
  if (!existsSync(tar))
    throw new ToolchainProblem('image-tar', `OLLAMA_STACKS_IMAGE_TAR names ${tar}, which does not exist`, change);
  workshop.progress(`loading ${tar}`);
  const said = await run(workshop, ['docker', '--host', host, 'load', '--input', tar]);
  const reference = /^Loaded image(?: ID)?: (\S+)$/m.exec(said)?.[1];
  if (reference === undefined) throw new ToolchainProblem('image-tar', `${tar} holds no image`, change, said);
  return { version: describeImage(declared), source: `loaded from ${tar}`, reference };
}

async function buildFromPackages(workshop: Workshop, host: string, image: DebianImage): Promise<ResolvedImage> {
  const { reference, version, tar, built } = await buildDebianImage(workshop, image);
  const source = `${built ? 'built' : 'built earlier'} (${noRegistry})`;
  if (built || !(await isPresent(workshop, host, reference))) {
    workshop.progress('importing the image');
    await run(workshop, ['docker', '--host', host, 'load', '--input', tar]);
  }
  return { version, source, reference };
}

async function build(workshop: Workshop, host: string, declared: string): Promise<ResolvedImage> {
  const version = buildableVersion(declared);
  const reference = builtReference(version);
  const piece = { version: `ollama ${version} (CPU only)`, reference };
  if (await isPresent(workshop, host, reference)) return { ...piece, source: `built earlier (${noRegistry})` };
  const result = await importBuiltImage(workshop, version, host);
  return { ...piece, source: `${result.built ? 'built' : 'built earlier'} (${noRegistry})` };
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
    `the registry of ${declared} does not answer, and only ollama/ollama:<version>, haproxy and prom/prometheus can be built here`,
    isPinned(declared)
      ? '`docker load` it under this name from a machine that can pull it'
      : 'declare such an image, or name a tar of `docker save` in OLLAMA_STACKS_IMAGE_TAR',
  );
}

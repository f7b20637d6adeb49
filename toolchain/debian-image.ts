import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseImageRef } from '../manifest/image-ref.js';
import { built } from './cache.js';
import { run } from './command.js';
import { bootstrap, bootstrapArguments, thisRelease, type Contents } from './debian-base.js';
import type { Workshop } from './workshop.js';

/** An official image in whose place one of Debian's packages can stand. */
export interface DebianImage {
  /** Of the package, and of the image. */
  readonly name: string;
  /** Settings of the official image (its Dockerfile), without a user: who runs it names one. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly contents: Contents;
}

const searchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** By the repository that is declared, without Docker's own domain. */
const debianImages: Readonly<Record<string, DebianImage>> = {
  haproxy: {
    name: 'haproxy',
    config: {
      Env: [searchPath],
      Cmd: ['haproxy', '-W', '-db', '-f', '/usr/local/etc/haproxy/haproxy.cfg'],
      StopSignal: 'SIGUSR1',
    },
    contents: { packages: ['haproxy'] },
  },
  'prom/prometheus': {
    name: 'prometheus',
    config: {
      Env: [searchPath],
      Entrypoint: ['/usr/bin/prometheus'],
      Cmd: ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/prometheus'],
      WorkingDir: '/prometheus',
      ExposedPorts: { '9090/tcp': {} },
    },
    // a new volume takes the owner of the directory that it is mounted on: the official image's `nobody`
    contents: { packages: ['prometheus'], directories: { '/prometheus': 65_534 } },
  },
};

/** What can be built in place of a declared image; undefined for another one, and for one that a digest pins. */
export function debianImage(declared: string): DebianImage | undefined {
  const { repository = '', digest } = parseImageRef(declared) ?? {};
  return digest ? undefined : debianImages[repository.replace(/^docker\.io\//, '').replace(/^library\//, '')];
}

/** The version of the program in a package's (`2.42.0+ds-5+deb12u1`: 2.42.0; deb-version(7)). */
export function upstreamVersion(version: string): string {
  return version.replace(/^\d+:/, '').replace(/[-+~].*$/, '');
}

/** Version of an installed package, out of the text of dpkg's `status` file (deb-control(5)). */
export function installedVersion(status: string, name: string): string {
  const entry = status.split('\n\n').find((text) => text.split('\n').includes(`Package: ${name}`));
  const version = /^Version: (\S+)$/m.exec(entry ?? '')?.[1];
  if (version === undefined) throw new Error(`the base of the image holds no package ${name}`);
  return version;
}

/** `docker save`'s format: one layer, its settings, and the name (OCI image specification 1.0, "Image Configuration"). */
export function imageFiles(
  { config, name }: DebianImage,
  reference: string,
  layer: { readonly digest: string; readonly created: string },
): Record<'config.json' | 'manifest.json', string> {
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;
  const { created } = layer;
  const rootfs = { type: 'layers', diff_ids: [layer.digest] };
  const history = [{ created, created_by: `packages of the distribution: ${name}` }];
  return {
    'config.json': JSON.stringify({ architecture, os: 'linux', created, config, rootfs, history }),
    'manifest.json': JSON.stringify([{ Config: 'config.json', RepoTags: [reference], Layers: ['layer.tar'] }]),
  };
}

/** An image in the cache. */
export interface BuiltImage {
  readonly reference: string;
  /** What a person calls it: `haproxy 2.6.12 (Debian)`. */
  readonly version: string;
  /** Path of the tar for `docker load`. */
  readonly tar: string;
  /** Whether this call built it. */
  readonly built: boolean;
}

/**
 * An image of the package that this machine's distribution has, or the one built before; without Docker's `import`,
 * which takes no STOPSIGNAL.
 * @throws ToolchainProblem `image-platform` on other systems than Debian and Ubuntu
 */
export async function buildDebianImage(workshop: Workshop, image: DebianImage): Promise<BuiltImage> {
  const { distribution, suite } = await thisRelease();
  const recipe = [...bootstrapArguments(suite, image.contents, ''), JSON.stringify(image.config)];
  const result = await built(workshop, { name: `${image.name}-${suite}`, recipe }, (into) =>
    pack(workshop, image, distribution, into),
  );
  const { reference, version } = JSON.parse(await readFile(path.join(result.directory, 'image.json'), 'utf8')) as Pick<
    BuiltImage,
    'reference' | 'version'
  >;
  return { reference, version, tar: path.join(result.directory, 'image.tar'), built: result.built };
}

async function pack(workshop: Workshop, image: DebianImage, distribution: string, into: string): Promise<void> {
  const layer = path.join(into, 'layer.tar');
  await bootstrap(workshop, image.contents, layer);
  const status = await run(workshop, ['tar', '--extract', '--to-stdout', '--file', layer, './var/lib/dpkg/status']);
  const number = upstreamVersion(installedVersion(status, image.name));
  const reference = `ollama-stacks/${image.name}:${number}-${distribution.toLowerCase()}`;
  workshop.progress('packing the image');
  const files = imageFiles(image, reference, { digest: await sha256(layer), created: new Date().toISOString() });
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(into, name), text);
  const members = ['layer.tar', ...Object.keys(files)];
  await run(workshop, ['tar', '--create', '--file', path.join(into, 'partial'), '--directory', into, ...members]);
  await Promise.all(members.map((name) => rm(path.join(into, name))));
  await rename(path.join(into, 'partial'), path.join(into, 'image.tar'));
  const version = `${image.name} ${number} (${distribution})`;
  await writeFile(path.join(into, 'image.json'), JSON.stringify({ reference, version }));
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest('hex')}`;
}

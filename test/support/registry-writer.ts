import { createHash } from 'node:crypto';
import { mediaTypes } from './synthetic-model.js';
import type { PushedLayer } from './synthetic-model.js';

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

const entry = ({ kind, digest, bytes }: PushedLayer): unknown => ({ mediaType: mediaTypes(kind), digest, size: bytes });

/** Writes to a registry by the OCI distribution API, without an Ollama. Names are `namespace/model:tag`. */
export class RegistryWriter {
  constructor(private readonly url: string) {}

  /** A blob; one that the repository has already is not sent. Returns its digest. */
  async blob(name: string, content: Buffer): Promise<string> {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const { repository } = split(name);
    const location = await this.#upload(`/v2/${repository}/blobs/uploads/`);
    if (location === undefined) throw new Error(`the registry wants no upload for ${name}`);
    const target = new URL(location, this.url);
    target.searchParams.set('digest', digest);
    await this.#ask('PUT', target, content, 'application/octet-stream');
    return digest;
  }

  /** Puts a manifest of these layers under a name and returns its digest. */
  async manifest(name: string, config: PushedLayer, layers: readonly PushedLayer[]): Promise<string> {
    const manifest = { schemaVersion: 2, mediaType: manifestType, config: entry(config), layers: layers.map(entry) };
    return this.#putManifest(name, Buffer.from(JSON.stringify(manifest)));
  }

  /** Puts the manifest of `other` under `name`, with the blobs it names. */
  async retag(name: string, other: string): Promise<string> {
    const source = split(other);
    const response = await fetch(new URL(`/v2/${source.repository}/manifests/${source.tag}`, this.url), {
      headers: { accept: manifestType },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${other}: ${text}`);
    const manifest = JSON.parse(text) as { config: { digest: string }; layers: { digest: string }[] };
    for (const { digest } of [manifest.config, ...manifest.layers]) {
      const query = new URLSearchParams({ mount: digest, from: source.repository });
      await this.#upload(`/v2/${split(name).repository}/blobs/uploads/?${query.toString()}`);
    }
    return this.#putManifest(name, Buffer.from(text));
  }

  async #putManifest(name: string, body: Buffer): Promise<string> {
    const { repository, tag } = split(name);
    await this.#ask('PUT', new URL(`/v2/${repository}/manifests/${tag}`, this.url), body, manifestType);
    return `sha256:${createHash('sha256').update(body).digest('hex')}`;
  }

  /** Where to put the bytes, or nothing when the registry took the blob from another repository. */
  async #upload(path: string): Promise<string | undefined> {
    const response = await this.#ask('POST', new URL(path, this.url));
    return response.status === 202 ? (response.headers.get('location') ?? undefined) : undefined;
  }

  async #ask(method: string, url: URL, body?: Buffer, type?: string): Promise<Response> {
    const headers = type !== undefined && { 'content-type': type };
    const content = body && { body: new Uint8Array(body) };
    const response = await fetch(url, { method, ...(headers && { headers }), ...content });
    if (!response.ok) throw new Error(`${method} ${url.pathname}: HTTP ${response.status} ${await response.text()}`);
    return response;
  }
}

function split(name: string): { repository: string; tag: string } {
  const [repository = '', tag = 'latest'] = name.split(':');
  return { repository, tag };
}

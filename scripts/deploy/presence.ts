import { serverUrl } from '../../manifest/server-url.js';
import type { Manifest, Server } from '../../manifest/manifest.js';
import { modelNameKey } from '../../manifest/model-ref.js';
import { httpRequest } from '../../ollama/http-fetch.js';
import type { StoredModel } from '../../ollama/load-step.js';
import { isHeld } from './held-model.js';
import type { ResourceLabel } from './synthesized-stack.js';

/** What a server said when asked for its models. */
export type Presence =
  | {
      readonly state: 'answers';
      readonly models: readonly StoredModel[];
      /** `modelNameKey` of what is in memory; asked only of servers that shall hold a model there for ever. */
      readonly loaded?: ReadonlySet<string>;
    }
  | { readonly state: 'silent'; readonly reason: string };

/** A server on this machine answers in milliseconds; one that is still starting need not be waited for. */
const patienceMs = 2000;

/** Asks every server of the manifest at once which models it has; never rejects. */
export async function askPresence(manifest: Manifest): Promise<ReadonlyMap<string, Presence>> {
  return new Map(
    await Promise.all(manifest.servers.map(async (server) => [server.name, await presence(server, manifest)] as const)),
  );
}

async function presence(server: Server, manifest: Manifest): Promise<Presence> {
  const holds = manifest.models.some((model) => server.models.includes(model.name) && isHeld(model));
  try {
    const [stored, loaded] = await Promise.all([modelsAt(server, 'tags'), holds ? modelsAt(server, 'ps') : undefined]);
    const inMemory = loaded && { loaded: new Set(loaded.map(({ name }) => modelNameKey(name))) };
    return { state: 'answers', models: stored, ...inMemory };
  } catch (error) {
    return { state: 'silent', reason: (error as Error).message };
  }
}

/** Not by the client: it loads Node's fetch, which costs a no-op `up` 30 ms. */
async function modelsAt(server: Server, path: 'tags' | 'ps'): Promise<readonly StoredModel[]> {
  const url = new URL(`${serverUrl(server)}/api/${path}`);
  const response = await httpRequest(url, { signal: AbortSignal.timeout(patienceMs) });
  const text = (await response.setEncoding('utf8').toArray()).join('');
  return (JSON.parse(text) as { models: StoredModel[] }).models;
}

/** What the servers of a store have in common; undefined where none of them answers. */
export function storedModels(
  servers: readonly { readonly name: string }[],
  answers: ReadonlyMap<string, Presence>,
): readonly StoredModel[] | undefined {
  return servers.flatMap(({ name }) => {
    const answer = answers.get(name);
    return answer?.state === 'answers' ? [answer.models] : [];
  })[0];
}

/**
 * Addresses to run again although nothing was declared anew: the loader of a store that drifted or whose server does not
 * answer, and then also what makes sure of the store. What they did may have been undone by hand, which Terraform does
 * not see.
 * @param drifted stores whose models are not what was loaded
 */
export function addressesToRepeat(
  { servers }: Manifest,
  answers: ReadonlyMap<string, Presence>,
  labels: ReadonlyMap<string, ResourceLabel>,
  drifted: ReadonlySet<string>,
): string[] {
  const silent = new Set(servers.filter(({ name }) => answers.get(name)?.state === 'silent').map(({ store }) => store));
  return [...labels]
    .filter(
      ([, { kind, name }]) =>
        (kind === 'models' && (drifted.has(name) || silent.has(name))) || (kind === 'volume' && silent.has(name)),
    )
    .map(([address]) => address);
}

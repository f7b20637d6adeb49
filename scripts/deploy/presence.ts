import type { Manifest, Server } from '../../manifest/manifest.js';
import { modelNameKey } from '../../manifest/model-ref.js';
import { httpRequest } from '../../ollama/http-fetch.js';
import type { ResourceLabel } from './synthesized-stack.js';

/** What a server said when asked for its models, each as `modelNameKey`. */
export type Presence =
  | { readonly state: 'answers'; readonly models: ReadonlySet<string> }
  | { readonly state: 'silent'; readonly reason: string };

/** A server on this machine answers in milliseconds; one that is still starting need not be waited for. */
const patienceMs = 2000;

/** Asks every server of the manifest at once which models it has; never rejects. */
export async function askPresence(manifest: Manifest): Promise<ReadonlyMap<string, Presence>> {
  return new Map(
    await Promise.all(manifest.servers.map(async (server) => [server.name, await presence(server)] as const)),
  );
}

async function presence({ port }: Server): Promise<Presence> {
  try {
    // Not the client: it loads Node's fetch, which costs a no-op `up` 30 ms.
    const url = new URL(`http://127.0.0.1:${port}/api/tags`);
    const response = await httpRequest(url, { signal: AbortSignal.timeout(patienceMs) });
    const { models } = JSON.parse((await response.setEncoding('utf8').toArray()).join('')) as {
      models: { name: string }[];
    };
    return { state: 'answers', models: new Set(models.map(({ name }) => modelNameKey(name))) };
  } catch (error) {
    return { state: 'silent', reason: (error as Error).message };
  }
}

/** Models that the manifest promises and a server that answers does not have, by server. */
function vanishedModels(
  manifest: Manifest,
  answers: ReadonlyMap<string, Presence>,
): ReadonlyMap<Server, readonly string[]> {
  const vanished = manifest.servers.map((server) => {
    const answer = answers.get(server.name);
    return [
      server,
      answer?.state === 'answers' ? server.models.filter((name) => !answer.models.has(modelNameKey(name))) : [],
    ] as const;
  });
  return new Map(vanished.filter(([, models]) => models.length > 0));
}

/**
 * Addresses to run again although nothing was declared anew: where a model vanished or a server does not answer, the
 * loader, and what makes sure of the store. What they did may have been undone by hand, which Terraform does not see.
 */
export function addressesToRepeat(
  manifest: Manifest,
  answers: ReadonlyMap<string, Presence>,
  labels: ReadonlyMap<string, ResourceLabel>,
): string[] {
  const vanished = vanishedModels(manifest, answers);
  const silent = manifest.servers.filter(({ name }) => answers.get(name)?.state === 'silent');
  const toLoad = new Set([...vanished.keys(), ...silent].map(({ store }) => store));
  const toEnsure = new Set(silent.map(({ store }) => store));
  return [...labels]
    .filter(
      ([, { kind, name }]) => (kind === 'models' && toLoad.has(name)) || (kind === 'volume' && toEnsure.has(name)),
    )
    .map(([address]) => address);
}

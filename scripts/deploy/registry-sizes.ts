import type { Manifest } from '../../manifest/manifest.js';
import { mirrored } from '../../manifest/mirror.js';
import type { RegistryClient } from '../../ollama/registry-client.js';
import type { SizeSources } from './model-needs.js';

/** A plan is worth this much waiting; what nobody told until then stays unknown. */
const patienceMs = 2000;

/** Asks registries for the manifests of models that neither lock nor store tell the size of. */
export class RegistrySizes {
  #client: Promise<RegistryClient> | undefined;
  #deadline: AbortSignal | undefined;

  constructor(private readonly manifest: Pick<Manifest, 'registries' | 'mirror'>) {}

  readonly ask: NonNullable<SizeSources['ask']> = async (ref) => {
    this.#deadline ??= AbortSignal.timeout(patienceMs);
    this.#client ??= this.#open(this.#deadline);
    try {
      return await (await this.#client).manifest(ref);
    } catch (error) {
      if (!this.#deadline.aborted) throw error;
      const { host } = mirrored(ref, this.manifest.mirror);
      throw new Error(`${host} does not answer within ${patienceMs / 1000} s`, { cause: error });
    }
  };

  async close(): Promise<void> {
    await (await this.#client)?.close();
  }

  async #open(signal: AbortSignal): Promise<RegistryClient> {
    const { RegistryClient: Client } = await import('../../ollama/registry-client.js');
    return new Client({ ...this.manifest, env: process.env }, signal);
  }
}

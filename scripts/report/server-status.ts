import { modelNameKey } from '../../manifest/model-ref.js';
import { isStagingName } from '../../ollama/staging-name.js';

/** One server as it is now, beside what was declared. */
export interface ServerStatus {
  readonly server: string;
  readonly container: string;
  readonly url: string;
  /** Docker's word (`running`, `exited`, `restarting`), or `absent`. */
  readonly state: string;
  /** Version that answers; absent when none does. */
  readonly version?: string;
  /** Whether it answers. */
  readonly up: boolean;
  /** Whether it has every declared model as it should be, and in memory what it shall hold there. */
  readonly satisfied: boolean;
  readonly models: readonly ModelStatus[];
}

export interface ModelStatus {
  readonly name: string;
  readonly declared: boolean;
  readonly present: boolean;
  /** How a declared model that is present compares with what the lock, or else the record of the loader, says of it. */
  readonly digest?: DigestWord;
  /** Bytes in the store. */
  readonly size?: number;
  readonly loaded: boolean;
  /** Whether it has to be loaded at any time. */
  readonly held?: true;
  /** Share of a loaded model that lies in GPU memory, 0 to 1. */
  readonly gpu?: number;
}

/** `unpinned`: nothing says what it has to be. */
export type DigestWord = 'as locked' | 'as recorded' | 'differs' | 'unpinned';

/** How a server names its models. */
export interface ListedModel {
  readonly name: string;
  readonly size: number;
  readonly size_vram?: number;
}

/** What is known of one declared model besides what the server says. */
export interface ModelDemand {
  readonly name: string;
  readonly digest: DigestWord;
  readonly held: boolean;
}

/** Declared models first, then what else lies in the store, but for what a load needs on its way. */
export function modelStatuses(
  demands: readonly ModelDemand[],
  tags: readonly ListedModel[],
  loaded: readonly ListedModel[],
): ModelStatus[] {
  const present = byKey(tags);
  const running = byKey(loaded);
  const declared = new Set(demands.map(({ name }) => modelNameKey(name)));
  const facts = (name: string): Pick<ModelStatus, 'present' | 'size' | 'loaded' | 'gpu'> => {
    const [tag, inMemory] = [present.get(modelNameKey(name)), running.get(modelNameKey(name))];
    return {
      present: tag !== undefined,
      loaded: inMemory !== undefined,
      ...(tag ? { size: tag.size } : {}),
      ...(inMemory && inMemory.size > 0 ? { gpu: (inMemory.size_vram ?? 0) / inMemory.size } : {}),
    };
  };
  const others = tags
    .map(({ name }) => name)
    .filter((name) => !declared.has(modelNameKey(name)) && !isStagingName(name));
  return [
    ...demands.map(({ name, digest, held }): ModelStatus => {
      const found = facts(name);
      return { name, declared: true, ...found, ...(found.present && { digest }), ...(held && { held }) };
    }),
    ...others.map((name) => ({ name, declared: false, ...facts(name) })),
  ];
}

const byKey = (models: readonly ListedModel[]): ReadonlyMap<string, ListedModel> =>
  new Map(models.map((model) => [modelNameKey(model.name), model]));

/** Why a declared model is not as it should be, in words; undefined when it is. */
export function modelTrouble({ declared, present, digest, held, loaded }: ModelStatus): string | undefined {
  if (!declared) return undefined;
  if (!present) return 'is not there';
  if (digest === 'differs') return 'is not what was locked or made';
  return held === true && !loaded ? 'is not in memory' : undefined;
}

/** What is not as declared, in words. */
export function serverTroubles({ server, container, state, version, models }: ServerStatus): string[] {
  if (state === 'absent') return [`server ${server}: there is no container ${container}; npm run up`];
  if (state !== 'running')
    return [`server ${server}: container ${container} is ${state}; npm run logs -- ${server}, then npm run up`];
  if (version === undefined)
    return [`server ${server}: the container runs, but nothing answers; npm run logs -- ${server}`];
  return models.flatMap((model) => {
    const trouble = modelTrouble(model);
    return trouble === undefined ? [] : [`server ${server}: model ${model.name} ${trouble}; npm run up`];
  });
}

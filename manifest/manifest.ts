import type { Gateway, Observability } from './gateway.js';
import type { ModelRef } from './model-ref.js';

/**
 * What the user wants, after parsing: every default applied, every profile merged, every `${VAR}` replaced,
 * every name checked. Everything below the parser works on this and never on raw YAML.
 */
export interface Manifest {
  /** Prefix of every container, volume and network, and the name of the Terraform stack. */
  readonly project: string;
  /** In the order of declaration. */
  readonly servers: readonly Server[];
  /** In the order of declaration. */
  readonly models: readonly Model[];
  /** Registries that need something said about them; all others are asked by https, without credentials. */
  readonly registries: readonly Registry[];
  /** Host (`models.example:5000`) that every pull from the Ollama library goes to instead; names stay as declared. */
  readonly mirror?: string;
  /** Present when models that this project loaded and no longer declares are removed from its stores. */
  readonly prune?: Prune;
  /** Absent: servers are reached on 127.0.0.1 only, without keys. */
  readonly gateway?: Gateway;
  readonly observability?: Observability;
}

/** How a model registry is reached. Credentials are named, never held: state, plans and logs get to see this. */
export interface Registry {
  /** `models.example:5000`, lower case; what stands before the first `/` of a model's name. */
  readonly host: string;
  /** Plain http instead of https. */
  readonly insecure: boolean;
  /** Certificates of its authority, in PEM, on top of those the system trusts. */
  readonly ca?: string;
  /** Environment variable that holds a bearer token. */
  readonly tokenEnv?: string;
  /** User name for basic authentication; its password is in the environment variable `passwordEnv`. */
  readonly username?: string;
  readonly passwordEnv?: string;
}

export interface Prune {
  /** Patterns (`qwen3:*`, `team/*`; `*` matches any text) of models that stay although nothing declares them. */
  readonly keep: readonly string[];
}

/** One Ollama container. */
export interface Server {
  /** The key under `servers`. */
  readonly name: string;
  /**
   * Docker's name of the container: `<project>-<name>`. Behind a gateway it is only the beginning: what is deployed
   * carries eight random digits behind it, so that its successor can run beside it (`container-names.ts`).
   */
  readonly container: string;
  /** The declared image; an AMD server already carries the `-rocm` tag of the same version. */
  readonly image: string;
  /** Host port, published on 127.0.0.1; absent behind a gateway, unless declared. */
  readonly port?: number;
  readonly gpu: Gpu;
  /** Memory limit of the container in bytes; absent means no limit. */
  readonly memory?: number;
  /** CPU limit in cores; absent means no limit. */
  readonly cpus?: number;
  /** `OLLAMA_CONTEXT_LENGTH` in tokens; always explicit, because Ollama's own default depends on the GPUs it finds. */
  readonly contextLength: number;
  readonly numParallel?: number;
  readonly maxLoadedModels?: number;
  /** Ollama's duration syntax (`30m`, `-1`). */
  readonly keepAlive?: string;
  readonly kvCacheType?: KvCacheType;
  readonly flashAttention?: boolean;
  /** Further environment of the container; wins over what the fields above set. */
  readonly env: Readonly<Record<string, string>>;
  /** Name of the Docker volume that holds the models; servers that name the same one share it. */
  readonly store: string;
  /** Names (canonical, as in `Model.name`) of the models this server offers. */
  readonly models: readonly string[];
  /** Most bytes of main memory that `llama-server` (since 0.30) may fill with the prompts of earlier requests. */
  readonly promptCache?: number;
  /** `auto`: it is to be split into one server a GPU (`placedManifest`); such a server is never deployed itself. */
  readonly placement?: 'auto';
  /** It is to be made this many times (`placedManifest`); such a server is never deployed itself. */
  readonly replicas?: number;
  /** The declared server that this one is a part of, and in words why its models are here. */
  readonly partOf?: { readonly server: string; readonly why: string };
}

/** What llama.cpp takes for `--cache-type-k`; Ollama before 0.30 only the first, `q8_0` and `q4_0`. */
export type KvCacheType = 'f16' | 'q8_0' | 'q4_0' | 'f32' | 'bf16' | 'q4_1' | 'q5_0' | 'q5_1' | 'iq4_nl';

/** Which accelerators a server gets. `memory`: bytes of each device, where the user declares them. */
export type Gpu =
  | { readonly vendor: 'none' }
  | {
      readonly vendor: 'nvidia';
      /** `all`, a count, or indexes, UUIDs, MIG UUIDs or CDI names. */
      readonly devices: 'all' | number | readonly string[];
      readonly memory?: number;
    }
  /** A Jetson board: its only GPU, by the runtime of its vendor; `jetpack` chooses the libraries where Ollama cannot tell. */
  | { readonly vendor: 'jetson'; readonly jetpack?: 5 | 6; readonly memory?: number }
  | (RenderedGpu & {
      readonly vendor: 'amd';
      /** `HSA_OVERRIDE_GFX_VERSION`, such as `10.3.0`. */
      readonly gfxVersion?: string;
    })
  | (RenderedGpu & { readonly vendor: 'vulkan' });

/** GPUs that are reached through nodes under /dev/dri. */
interface RenderedGpu {
  /** Render nodes under /dev/dri (`renderD128`), or all of them. */
  readonly devices: 'all' | readonly string[];
  /** Numeric group ids of the engine's host that may open the device nodes; those that are found there when absent. */
  readonly groups?: readonly number[];
  readonly memory?: number;
}

/** A name that clients call, with where it comes from and how it runs. */
export interface Model {
  /** Canonical name (`smollm2:135m`; `:latest` is written out). */
  readonly name: string;
  /** Tried in order; the first that answers wins. Never empty. */
  readonly from: readonly ModelSource[];
  /** SYSTEM of the derived model. */
  readonly system?: string;
  /** TEMPLATE of the derived model (Go template). */
  readonly template?: string;
  /** RENDERER and PARSER of the derived model: names of Ollama's own code for its prompt and its answers. */
  readonly renderer?: string;
  readonly parser?: string;
  /** REQUIRES of the derived model: the least version of Ollama that runs it. */
  readonly requires?: string;
  /** LICENSE texts of the derived model. */
  readonly license?: readonly string[];
  /** LoRA adapters (GGUF) of the derived model. */
  readonly adapters: readonly GgufSource[];
  /** MESSAGEs of the derived model: a conversation that every chat begins with. */
  readonly messages: readonly ModelMessage[];
  /** PARAMETERs of the derived model, as `POST /api/create` takes them. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Present when it is held in memory after a deploy. */
  readonly preload?: Preload;
  readonly expect: readonly Expectation[];
}

export interface ModelMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface Preload {
  /** How long it stays in memory unused, in Ollama's duration syntax; `-1` is for ever. */
  readonly keepAlive: string;
}

export type ParameterValue = string | number | boolean | readonly string[];

export type ModelSource =
  /** Pulled by Ollama: library name, `hf.co/user/repo:QUANT`, or `host/namespace/model:tag`. */
  | RegistrySource
  /** A GGUF file that is uploaded to the server. */
  | GgufSource;

export interface RegistrySource {
  readonly kind: 'registry';
  readonly ref: ModelRef;
}

export interface GgufSource {
  readonly kind: 'gguf';
  readonly location: GgufLocation;
  /** Lower-case hex. */
  readonly sha256?: string;
}

export type GgufLocation =
  /** `path` is relative to the directory of the manifest, or absolute. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'https'; readonly url: string }
  /** A file inside a Python wheel: `pypi:<package>==<version>/<path in wheel>`. */
  | { readonly kind: 'pypi'; readonly package: string; readonly version: string; readonly path: string };

/** One assertion `smoke` makes of a model. Texts are generated with temperature 0 and a fixed seed. */
export interface Expectation {
  /** What is asked; for `dimensions` the text that is embedded. */
  readonly prompt: string;
  /** The answer contains this text; case does not matter. */
  readonly contains?: string;
  /** The answer matches this regular expression. */
  readonly matches?: string;
  /** The answer is JSON that satisfies this JSON Schema, which is also given to Ollama as `format`. */
  readonly jsonSchema?: Readonly<Record<string, unknown>>;
  /** Length of the embedding vector. */
  readonly dimensions?: number;
  /** Generation speed as Ollama measures it (`eval_count / eval_duration`). */
  readonly minTokensPerSecond?: number;
}

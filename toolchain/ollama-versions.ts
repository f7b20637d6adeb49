import { ToolchainProblem } from './problem.js';

/** How one Ollama version is built for CPU. */
export type OllamaRecipe =
  /** Inference comes from `llama-server` of the llama.cpp build that this version pins in `LLAMA_CPP_VERSION`. */
  | { readonly inference: 'llama-server'; readonly llamaCpp: PinnedSource }
  /** Inference is compiled in; Go's module zips drop `vendor` directories, so four headers come from elsewhere. */
  | { readonly inference: 'inside' };

/** A source distribution in the Python package index. */
export interface PinnedSource {
  readonly version: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** The versions that can be built; each has its pinned modules in `toolchain/go/ollama-<version>/`. */
export const ollamaVersions: Readonly<Record<string, OllamaRecipe>> = {
  '0.34.0': {
    inference: 'llama-server',
    llamaCpp: {
      version: '10760.0.0',
      sha256: '9c484d58d2ed57f90b62d14f24a2c24221eef5314f63200414361e3fdf7acf9f',
    },
  },
  '0.24.0': { inference: 'inside' },
};

/** @throws ToolchainProblem `image-unknown-version` naming the versions that can be built */
export function ollamaRecipe(version: string): OllamaRecipe {
  const recipe = ollamaVersions[version];
  if (recipe) return recipe;
  const known = Object.keys(ollamaVersions).join(' and ');
  throw new ToolchainProblem(
    'image-unknown-version',
    `no registry answers, and Ollama ${version} cannot be built here: only ${known} can`,
    'declare one of these, or name a tar of `docker save` in OLLAMA_STACKS_IMAGE_TAR',
  );
}

/**
 * What this machine's toolchain settled on, in `.toolchain/resolved.json` (written by `toolchain`, read by `stacks`
 * and `scripts`), so that `cdktf deploy` uses the same engine, provider and image as `npm run up`.
 */
export interface Resolved {
  /** Docker endpoint (`unix:///var/run/docker.sock`), as `DOCKER_HOST` takes it. */
  readonly engine: ResolvedPiece & { readonly host: string };
  /** `path` is the binary of Terraform or OpenTofu. */
  readonly terraform: ResolvedPiece & { readonly path: string };
  /** `cliConfig` is the Terraform CLI configuration that points at a mirror; absent when the registry serves it. */
  readonly provider: ResolvedPiece & { readonly cliConfig?: string };
  /** Declared image reference to the reference that is deployed, where they differ or are known to be present. */
  readonly images: Readonly<Record<string, ResolvedPiece & { readonly reference: string }>>;
  /** Declared images that are not to be had here and that a deployment does without (Grafana's); absent when there is none. */
  readonly leftOut?: readonly string[];
  /** Numeric ids of the groups that own device nodes of the engine's machine (`/dev/kfd`, `/dev/dri/renderD128`), by path; absent when nobody can look. */
  readonly deviceGroups?: Readonly<Record<string, number>>;
}

export interface ResolvedPiece {
  readonly version: string;
  /** Where it came from, in words for a person: `found`, `installed from packages`, `built (no registry answered)`. */
  readonly source: string;
}

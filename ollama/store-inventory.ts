/** What lies in a store, read through the engine, so that it also works for a remote one and without a running Ollama. */
export interface StoreInventory {
  readonly models: readonly StoredManifest[];
  /** `sha256:<hex>` to bytes, of every whole blob, used or not. */
  readonly blobs: ReadonlyMap<string, number>;
  /** Bytes that are free on the disk of the store. */
  readonly free: number;
}

/** A model in a store. */
export interface StoredManifest {
  /** Canonical name. */
  readonly name: string;
  /** `sha256:` of the manifest file, as `/api/tags` shows it. */
  readonly digest: string;
  /** Layers and config. */
  readonly layers: readonly StoredLayer[];
}

export interface StoredLayer {
  readonly mediaType: string;
  /** `sha256:<hex>` */
  readonly digest: string;
  readonly size: number;
}

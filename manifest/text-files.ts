/** Text of a file by its path as the manifest writes it, relative to the manifest's directory; undefined when there is none. */
export type ReadText = (path: string) => string | undefined;

/** The files that a manifest names, each read once. */
export class TextFiles {
  readonly #read: ReadText;
  readonly #texts = new Map<string, string | undefined>();

  constructor(read: ReadText | undefined) {
    this.#read = read ?? (() => undefined);
  }

  /** Every path asked for, those without a file included: creating one changes what the manifest means, too. */
  get paths(): readonly string[] {
    return [...this.#texts.keys()];
  }

  text(path: string): string | undefined {
    if (!this.#texts.has(path)) this.#texts.set(path, this.#read(path));
    return this.#texts.get(path);
  }
}

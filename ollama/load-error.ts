/** Something the loader could not bring about, with what to do next. Printed whole; never a bug. */
export class LoadError extends Error {
  override readonly name = 'LoadError';

  constructor(
    message: string,
    /** The next step, or what was seen; printed on its own line. */
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Message and hint as one text. */
  get text(): string {
    return this.hint === undefined ? this.message : `${this.message}\n  ${this.hint}`;
  }
}

/**
 * A source answered with something else than was declared. The next source is not tried: a file that was swapped must be
 * noticed, and not passed over.
 */
export class WrongContent extends LoadError {}

/** Something that the gateway's files or its container refuse, with what to do next. Printed whole; never a bug. */
export class GatewayProblem extends Error {
  override readonly name = 'GatewayProblem';
  /** What to do next. */
  readonly next: string | undefined;
  /** What the tool below us said, unchanged. */
  readonly original: string | undefined;

  /**
   * @param code stable, such as `gateway-keys`
   * @param message what went wrong and where; lower case, no full stop
   */
  constructor(
    readonly code: string,
    message: string,
    further: { readonly next?: string | undefined; readonly original?: string | undefined } = {},
  ) {
    super(message);
    this.next = further.next;
    this.original = further.original;
  }
}

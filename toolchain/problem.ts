/** Something a person can put right on the machine: what went wrong, and what to do next. Bugs are ordinary errors. */
export class ToolchainProblem extends Error {
  /**
   * @param code stable name, such as `engine-permission`
   * @param message what went wrong and where; lower case, no full stop
   * @param next what to do next
   * @param original what the tool below us said, unchanged
   */
  constructor(
    readonly code: string,
    message: string,
    readonly next?: string,
    readonly original?: string,
  ) {
    super(message);
  }
}

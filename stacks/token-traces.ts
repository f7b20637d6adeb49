/**
 * Runs `build` without the stack trace that cdktf takes for every token and every list attribute, a dozen for each
 * container. They only name the place of a token in messages that cannot occur here, and cost half the time of a large
 * stack; no option of cdktf turns them off. Errors that are thrown keep their own stack.
 */
export function withoutTokenTraces<T>(build: () => T): T {
  // oxlint-disable-next-line typescript/unbound-method -- only put back, never called
  const { captureStackTrace } = Error;
  Error.captureStackTrace = () => undefined;
  try {
    return build();
  } finally {
    Error.captureStackTrace = captureStackTrace;
  }
}

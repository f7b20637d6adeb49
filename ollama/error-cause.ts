/** Node's code of an error (`ECONNREFUSED`), or of what `fetch` hides behind its "fetch failed". */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause);
}

/** The innermost message of an error, which tells more than the ones around it. */
export function causeText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? causeText(error.cause) : error.message;
}

const openaiTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'invalid_request_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'invalid_request_error',
  429: 'rate_limit_error',
};
const openaiCodes: Record<number, string> = {
  401: 'invalid_api_key',
  404: 'model_not_found',
  429: 'rate_limit_exceeded',
};
const anthropicTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
};

/** What the body of a refusal has to be, parsed: Ollama's own shape, OpenAI's below /v1, Anthropic's at /v1/messages. */
export function refusalBody(route: string, status: number, message: unknown): unknown {
  if (route.startsWith('/v1/messages'))
    return { type: 'error', error: { type: anthropicTypes[status] ?? 'api_error', message } };
  if (!route.startsWith('/v1/')) return { error: message };
  const type = openaiTypes[status] ?? 'api_error';
  return { error: { message, type, param: null, code: openaiCodes[status] ?? null } };
}

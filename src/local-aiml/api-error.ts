/** Owns the refusals of the API: which status, which words, and the form in which they leave. Knows no HTTP server. */

export interface ApiErrorOptions {
  /** The one parameter at fault, where there is one: a path such as `tools[0].function.name`. */
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request is refused. The message goes to the caller: it never holds a value of the request, nor a path on disk. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly statusCode: number;
  readonly param: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(statusCode: number, message: string, options: ApiErrorOptions = {}) {
    super(message);
    this.statusCode = statusCode;
    this.param = options.param;
    this.headers = options.headers ?? {};
  }
}

/** 400 for one parameter. `expected` completes the sentence "expected …". */
export function invalid(param: string, expected: string): ApiError {
  return new ApiError(400, `Invalid '${param}': expected ${expected}.`, { param });
}

export const noSuchAssistant = (): ApiError => new ApiError(404, 'No assistant found with this id.');

/**
 * The body of an error: the five members of the AIML API's own errors, and OpenAI's `param` where one parameter is at
 * fault, so that a client can show the message beside the right field.
 */
export function toErrorBody(error: ApiError, requestId: string, url: string): string {
  return JSON.stringify({
    message: error.message,
    ...(error.param === undefined ? {} : { param: error.param }),
    path: url.split('?', 1)[0],
    requestId,
    statusCode: error.statusCode,
    timestamp: new Date().toISOString(),
  });
}

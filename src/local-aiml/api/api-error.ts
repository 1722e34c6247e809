/** Owns the error responses of the API: which status, which words, and the form in which they leave. Knows no HTTP server. */

interface ApiErrorOptions extends ErrorOptions {
  /** The one parameter at fault, where there is one: a path such as `tools[0].function.name`. */
  readonly param?: string;
  /** OpenAI's word for what is wrong, such as `invalid_type`. */
  readonly code?: string;
  /** OpenAI's class of the error; by default that of the status. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The message goes to the client: it never holds a text of the request but ids, nor a path on disk. */
export class ApiError extends Error {
  override readonly name: string = this.constructor.name;
  readonly statusCode: number;
  readonly param: string | undefined;
  readonly code: string | undefined;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(statusCode: number, message: string, options: ApiErrorOptions = {}) {
    super(message, options);
    this.statusCode = statusCode;
    this.param = options.param;
    this.code = options.code;
    this.type = options.type ?? (statusCode >= 500 ? 'server_error' : 'invalid_request_error');
    this.headers = options.headers ?? {};
  }
}

/** 400 for one parameter. */
export function parameterError(param: string, message: string, code = 'invalid_value'): ApiError {
  return new ApiError(400, message, { param, code });
}

/** 400 for one parameter. `expected` completes the sentence "expected …". */
export function invalid(param: string, expected: string): ApiError {
  return parameterError(param, `Invalid '${param}': expected ${expected}.`);
}

/** 429: nothing was done. */
export function rateLimited(message: string, retryAfterSeconds: number): ApiError {
  return new ApiError(429, message, {
    type: 'rate_limit_error',
    code: 'rate_limit_exceeded',
    headers: { 'retry-after': String(retryAfterSeconds) },
  });
}

/** An id of a request as a message shows it; '' for one that is no id at all, which may be anything. */
export function shownId(id: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : '';
}

/** The body of an error in two forms at once: the AIML API's members, and OpenAI's `error`, which its SDKs read. */
export function toErrorBody(error: ApiError, requestId: string, url: string): string {
  return JSON.stringify({
    message: error.message,
    ...(error.param === undefined ? {} : { param: error.param }),
    path: url.split('?', 1)[0],
    requestId,
    statusCode: error.statusCode,
    timestamp: new Date().toISOString(),
    error: {
      message: error.message,
      type: error.type,
      param: error.param ?? null,
      code: error.code ?? null,
    },
  });
}

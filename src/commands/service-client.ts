/** Sends GraphQL operations to a running service, as the commands do that work on its data. */
import { setTimeout as delay } from 'node:timers/promises';

interface GraphQLError {
  readonly message: string;
  readonly extensions?: {
    readonly code?: string;
    readonly retryable?: boolean;
    readonly retryAfterSeconds?: number;
  };
}

interface GraphQLResponse<T> {
  readonly data?: T | null;
  readonly errors?: readonly GraphQLError[];
}

/** The operation failed. The message is for people. */
export class ServiceRequestError extends Error {
  override readonly name = 'ServiceRequestError';
  /** As in the error's `extensions`; undefined where there was no such response. */
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

interface SendOptions {
  /**
   * Whether the operation may be sent again after an error that is retryable or leaves its outcome open. True for reads, and
   * for mutations with an idempotency key.
   */
  readonly isRepeatable?: boolean;
}

const DEFAULT_ADDRESS = 'http://127.0.0.1:4000';
const ATTEMPTS = 6;
const MAX_PAUSE_MS = 20_000;

export class ServiceClient {
  readonly #url: URL;
  readonly #credential: string | undefined;
  #hasResponded = false;

  /** Without an address it is the service on this machine. Throws where the address is no HTTP URL. */
  constructor(address: string | undefined, environment: NodeJS.ProcessEnv) {
    const text = address ?? defaultAddress(environment);
    if (!/^https?:/.test(text) || !URL.canParse(text))
      throw new Error(`the address of the service must be a URL such as ${DEFAULT_ADDRESS}`);
    this.#url = new URL('/graphql', text);
    this.#credential = environment['AIML_API_KEY']?.trim();
  }

  /** Throws a {@link ServiceRequestError} if the response has errors, or if there is none. */
  async send<T>(query: string, variables: unknown, options: SendOptions = {}): Promise<GraphQLResponse<T>> {
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.#sendOnce<T>(query, variables);
      const error = result.failure ?? result.response?.errors?.[0];
      if (error === undefined && result.response) return result.response;
      const code = error?.extensions?.code;
      const mayRepeat = options.isRepeatable === true && (isRetryable(error) || code === 'OUTCOME_UNKNOWN');
      if (!mayRepeat || attempt === ATTEMPTS) throw new ServiceRequestError(toMessage(error), code);
      await delay(Math.min(MAX_PAUSE_MS, (error?.extensions?.retryAfterSeconds ?? 0) * 1000 || 250 * 2 ** attempt));
    }
  }

  async #sendOnce<T>(
    query: string,
    variables: unknown,
  ): Promise<{ readonly response?: GraphQLResponse<T>; readonly failure?: GraphQLError }> {
    let response: Response;
    try {
      response = await fetch(this.#url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(this.#credential && { authorization: `Bearer ${this.#credential}` }),
        },
        body: JSON.stringify({ query, variables }),
      });
    } catch {
      // Before the first response it is a wrong address rather than a lost connection.
      return { failure: { message: NO_SERVICE, extensions: { retryable: this.#hasResponded } } };
    }
    this.#hasResponded = true;
    try {
      return { response: (await response.json()) as GraphQLResponse<T> };
    } catch {
      return { failure: { message: OTHER_SERVER } };
    }
  }
}

const NO_SERVICE = 'there is no service at this address: start one with "npm start", or give its address';
const OTHER_SERVER = 'another kind of server is at this address: give the address of the service';

/** PORT as `npm start` reads it, so that both commands agree. */
function defaultAddress(environment: NodeJS.ProcessEnv): string {
  const port = environment['PORT']?.trim();
  return port === undefined || port === '' ? DEFAULT_ADDRESS : `http://127.0.0.1:${port}`;
}

const isRetryable = (error: GraphQLError | undefined): boolean => error?.extensions?.retryable === true;

function toMessage(error: GraphQLError | undefined): string {
  if (error?.extensions?.code === 'UNAUTHENTICATED')
    return 'the service rejected the credential: set AIML_API_KEY to one that it accepts';
  return error?.message ?? OTHER_SERVER;
}

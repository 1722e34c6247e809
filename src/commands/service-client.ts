/** Sends GraphQL operations to a running service, as the commands do that work on its data. */
import { setTimeout as delay } from 'node:timers/promises';
import { readDotEnv } from '../runtime/environment.ts';

interface ErrorExtensions {
  readonly code?: string;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
}

interface GraphQLResponse<T> {
  readonly data?: T | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: ErrorExtensions }[];
}

/** What a mutation that creates returns, under the name of its field. */
type Created = Readonly<
  Record<
    string,
    {
      readonly created: { readonly id: string } | null;
      readonly userErrors: readonly { readonly message: string; readonly field: readonly string[] | null }[];
    }
  >
>;

/** The operation failed. The message is for people. */
class ServiceRequestError extends Error {
  override readonly name = 'ServiceRequestError';
  readonly extensions: ErrorExtensions;

  constructor(message: string, extensions: ErrorExtensions = {}) {
    super(message);
    this.extensions = extensions;
  }
}

/** An object as the queries that find copies select it. */
export interface Stored {
  readonly id: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Connection<T> {
  readonly nodes: readonly T[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

export interface ListRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** The fields from the data to the connection. */
  readonly path: readonly string[];
}

const ATTEMPTS = 6;
const MAX_PAUSE_MS = 60_000;

export class ServiceClient {
  readonly #url: URL;
  readonly #credential: string | undefined;
  readonly #addressHint: string;
  #hasResponded = false;

  /**
   * By default the service on this machine. `addressHint` says how the command is given an address. Throws unless the address
   * is an HTTP URL.
   */
  constructor(address: string | undefined, addressHint: string) {
    const text = address ?? defaultAddress();
    if (!/^https?:/.test(text) || !URL.canParse(text))
      throw new Error('the address of the service must be a URL such as http://127.0.0.1:4000');
    this.#url = new URL('/graphql', text);
    this.#addressHint = addressHint;
    this.#credential = process.env['AIML_API_KEY']?.trim();
  }

  /**
   * Resolves to the data. Throws a {@link ServiceRequestError} if the response has errors, or if there is none. An operation that
   * is repeatable is sent again after an error that is retryable or leaves the outcome unknown.
   */
  async send<T>(query: string, variables: unknown, isRepeatable = true): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#sendOnce<T>(query, variables);
      } catch (error) {
        if (!(error instanceof ServiceRequestError) || !isRepeatable || attempt === ATTEMPTS) throw error;
        const { code, retryable, retryAfterMs = 250 * 2 ** attempt } = error.extensions;
        if (!retryable && code !== 'OUTCOME_UNKNOWN') throw error;
        await delay(Math.min(MAX_PAUSE_MS, retryAfterMs));
      }
    }
  }

  /** Reads a whole list page by page. Nothing if an object on the path is null, for example a thread that was deleted. */
  async *list<T>({ query, variables, path }: ListRequest): AsyncGenerator<T> {
    let after: string | null = null;
    do {
      const data = await this.send<unknown>(query, { ...variables, after });
      const connection = path.reduce<unknown>(fieldOf, data) as Connection<T> | undefined;
      if (!connection) return;
      yield* connection.nodes;
      after = connection.pageInfo.hasNextPage ? connection.pageInfo.endCursor : null;
    } while (after !== null);
  }

  /**
   * Creates an object by a mutation that selects `created { id }` and `userErrors { message field }`. Returns its id, or the
   * problem if the service rejected the input. Throws if it cannot be known whether the object was created. With an
   * `idempotencyKey` in the input it is repeatable.
   */
  async create(
    query: string,
    input: object,
  ): Promise<{ readonly id: string; readonly problem?: undefined } | { readonly problem: string }> {
    const [payload] = Object.values(await this.send<Created>(query, { input }, 'idempotencyKey' in input));
    const [error] = payload?.userErrors ?? [];
    if (error) return { problem: [...(error.field ? [error.field.join('.')] : []), error.message].join(': ') };
    if (!payload?.created) throw new Error('the service did not return what it created');
    return { id: payload.created.id };
  }

  async #sendOnce<T>(query: string, variables: unknown): Promise<T> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.#credential && { authorization: `Bearer ${this.#credential}` }),
      },
      body: JSON.stringify({ query, variables }),
    }).catch(() => {
      // Before the first response it is a wrong address rather than a lost connection.
      throw new ServiceRequestError(
        `no service responds at ${this.#url.origin}: start one with "npm start", or give its address: ${this.#addressHint}`,
        { retryable: this.#hasResponded },
      );
    });
    this.#hasResponded = true;
    const { data, errors } = await response.json().then(
      (body) => body as GraphQLResponse<T>,
      () => {
        throw new ServiceRequestError(`${this.#url.origin} is another service: give the address: ${this.#addressHint}`);
      },
    );
    const [error] = errors ?? [];
    if (error?.extensions?.code === 'UNAUTHENTICATED')
      throw new ServiceRequestError('the service requires a credential: set AIML_API_KEY to one that it accepts');
    if (error) throw new ServiceRequestError(error.message, error.extensions);
    if (!data) throw new ServiceRequestError('the response has neither data nor errors');
    return data;
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

/** The result of an operation; null if the upstream of the service does not support it. */
export async function ifSupported<T>(result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof ServiceRequestError && error.extensions.code === 'UNSUPPORTED_BY_UPSTREAM') return null;
    throw error;
  }
}

/** Where `npm start` listens with the same settings. With PORT=0 only the service knows its port. */
function defaultAddress(): string {
  const port = process.env['PORT'] ?? readDotEnv()['PORT'] ?? '';
  return `http://127.0.0.1:${['', '0'].includes(port.trim()) ? '4000' : port.trim()}`;
}

/** Sends operations to the service: queries and mutations as JSON, subscriptions as server-sent events. */
import type { TypedDocumentString } from './generated/graphql.ts';

/** The service sends a heartbeat every 12 seconds. A stream that is silent for longer than this has lost its connection. */
const SILENCE_LIMIT_MS = 30_000;

interface ResponseError {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly reason?: string; readonly retryable?: boolean };
}

/** The service responded with errors. */
export class GraphQLError extends Error {
  override readonly name = 'GraphQLError';
  readonly code: string;
  /** A finer code, where the service has one. */
  readonly reason: string | undefined;
  readonly isRetryable: boolean;

  constructor({ message, extensions }: ResponseError) {
    super(message);
    this.code = extensions?.code ?? 'UNKNOWN';
    this.reason = extensions?.reason;
    this.isRetryable = extensions?.retryable === true;
  }
}

/** No response came, or it was cut. Whether a mutation was applied is not known. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  override readonly message = 'The connection to the service was lost.';
}

interface GraphQLResponse<T> {
  readonly data?: T | null;
  readonly errors?: readonly ResponseError[];
}

export class GraphQLClient {
  readonly #url = new URL('graphql', document.baseURI);
  /** Held in memory only: it ends with the page. */
  readonly #credential: string | null;

  constructor(credential: string | null) {
    this.#credential = credential?.trim().replace(/^Bearer\s+/i, '') ?? null;
  }

  get hasCredential(): boolean {
    return this.#credential !== null;
  }

  /** Throws a {@link GraphQLError} or a {@link ConnectionLostError}. */
  async execute<T, V>(document: TypedDocumentString<T, V>, variables: V): Promise<T> {
    const response = await this.#post(document, variables, 'application/json');
    const result = await readJson<T>(response);
    return toData(result);
  }

  /**
   * The results of a subscription. It ends when the service completes it, and throws as {@link execute} does; after a
   * {@link ConnectionLostError} it may be started again behind the last cursor.
   */
  async *subscribe<T, V>(document: TypedDocumentString<T, V>, variables: V, signal: AbortSignal): AsyncGenerator<T> {
    const response = await this.#post(document, variables, 'text/event-stream', signal);
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      toData(await readJson<T>(response));
      return;
    }
    for await (const { event, data } of readEvents(response)) {
      if (event === 'complete') return;
      if (event === 'next') yield toData(JSON.parse(data) as GraphQLResponse<T>);
    }
    throw new ConnectionLostError();
  }

  async #post<T, V>(
    document: TypedDocumentString<T, V>,
    variables: V,
    accept: string,
    signal?: AbortSignal,
  ): Promise<Response> {
    try {
      return await fetch(this.#url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept,
          ...(this.#credential !== null && { authorization: `Bearer ${this.#credential}` }),
        },
        body: JSON.stringify({ query: document.toString(), variables }),
        ...(signal && { signal }),
      });
    } catch {
      throw new ConnectionLostError();
    }
  }
}

async function readJson<T>(response: Response): Promise<GraphQLResponse<T>> {
  try {
    return (await response.json()) as GraphQLResponse<T>;
  } catch {
    throw new ConnectionLostError();
  }
}

function toData<T>({ data, errors }: GraphQLResponse<T>): T {
  const [error] = errors ?? [];
  if (error) throw new GraphQLError(error);
  if (data === null || data === undefined) throw new GraphQLError({ message: 'The response has no data.' });
  return data;
}

interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** The events of a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html); comments are skipped. */
async function* readEvents(response: Response): AsyncGenerator<ServerSentEvent> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let text = '';
  try {
    for (;;) {
      // Cancelling ends the read with `done`, as if the stream had ended without its `complete`.
      const timer = setTimeout(() => void reader.cancel().catch(() => undefined), SILENCE_LIMIT_MS);
      const { done, value } = await reader
        .read()
        .catch(() => {
          throw new ConnectionLostError();
        })
        .finally(() => clearTimeout(timer));
      if (done) return;
      text += value;
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? '';
      for (const block of blocks) yield toEvent(block);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function toEvent(block: string): ServerSentEvent {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === 'event') event = value;
    if (field === 'data') data.push(value);
  }
  return { event, data: data.join('\n') };
}

/**
 * Subscriptions: started where Apollo Server executes operations, after all of its checks, and handed out as a stream of
 * results. Apollo Server has no subscriptions of its own; its response to one that was started is not used.
 */
import {
  type DocumentNode,
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  locatedError,
  subscribe,
} from 'graphql';
import type { Release } from '../../runtime/semaphore.ts';
import type { ReportedRequest } from './error-response.plugin.ts';
import type { RequestContext } from './request-context.ts';
import { ServiceError } from '../errors/codes.ts';

/** Gets the results of a subscription. */
export interface StreamHost {
  /** Throws a ServiceError if the limit of streams is reached. Release it when the stream has ended. */
  acquire(): Release;
  begin(results: SubscriptionResults): void;
}

interface SubscriptionRequest {
  /** Validated against the schema. */
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly context: RequestContext;
}

export interface SubscriptionOptions {
  readonly schema: GraphQLSchema;
  /** Makes of errors what callers may see. */
  readonly formatErrors: (
    errors: readonly GraphQLError[],
    request: ReportedRequest,
  ) => readonly GraphQLFormattedError[];
}

/** Resolves to errors, or to no data where the subscription was started. Rejects with a ServiceError. */
export async function startSubscription(
  { document, operationName, variables, context }: SubscriptionRequest,
  { schema, formatErrors }: SubscriptionOptions,
): Promise<ExecutionResult> {
  const { streamHost } = context;
  if (!streamHost)
    throw new ServiceError(
      'BAD_REQUEST',
      'The response to a subscription is a stream: accept text/event-stream, or multipart/mixed with ' +
        'subscriptionSpec=1.0, or use a WebSocket.',
    );
  const release = streamHost.acquire();
  let source: Awaited<ReturnType<typeof subscribe>> | null = null;
  try {
    source = await subscribe({
      schema,
      document,
      operationName: operationName ?? null,
      variableValues: variables ?? {},
      contextValue: context,
    });
  } finally {
    if (!source || !isStream(source)) release();
  }
  if (!isStream(source)) return source;
  streamHost.begin(new SubscriptionResults(source, (errors) => formatErrors(errors, context), release));
  return { data: null };
}

const isStream = (
  source: Awaited<ReturnType<typeof subscribe>>,
): source is Exclude<Awaited<ReturnType<typeof subscribe>>, ExecutionResult> => Symbol.asyncIterator in source;

/** The results of one subscription, with errors that callers may see. What its source throws is its last result. */
export class SubscriptionResults {
  readonly #source: AsyncIterator<ExecutionResult>;
  readonly #formatErrors: (errors: readonly GraphQLError[]) => readonly GraphQLFormattedError[];
  readonly #release: Release;
  #hasEnded = false;
  #hasFailed = false;

  constructor(
    source: AsyncIterator<ExecutionResult>,
    formatErrors: (errors: readonly GraphQLError[]) => readonly GraphQLFormattedError[],
    release: Release,
  ) {
    this.#source = source;
    this.#formatErrors = formatErrors;
    this.#release = release;
  }

  /** Whether the source threw. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Null at the end. Never rejects. */
  async next(): Promise<FormattedExecutionResult | null> {
    if (this.#hasEnded) return null;
    try {
      const next: IteratorResult<ExecutionResult, unknown> = await this.#source.next();
      if (next.done !== true) return this.#format(next.value);
      this.#end();
      return null;
    } catch (error) {
      this.#hasFailed = true;
      this.end();
      return this.#format({ errors: [locatedError(error, undefined)] });
    }
  }

  /** Ends the source. A result that is waited for is null then. */
  end(): void {
    if (this.#hasEnded) return;
    this.#end();
    void this.#source.return?.();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#release();
  }

  #format(result: ExecutionResult): FormattedExecutionResult {
    const { data, errors } = result;
    return {
      ...(data !== undefined && { data }),
      ...(errors && { errors: this.#formatErrors(errors) }),
    };
  }
}

/**
 * The operations of WebSockets. graphql-ws implements the protocol (graphql-transport-ws); operations are executed as over
 * HTTP.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HeaderMap } from '@apollo/server';
import {
  GraphQLError,
  GraphQLSchema,
  parse,
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLFormattedError,
} from 'graphql';
import { makeServer, type Context, type Server, type SubscribePayload } from 'graphql-ws';
import { CancellationToken } from '../../runtime/cancellation.ts';
import type { Release } from '../../runtime/semaphore.ts';
import { codesOf, toExtensions, type ErrorCode } from '../../graphql/errors/codes.ts';
import type { OperationStream } from '../../graphql/server/operation-stream.ts';
import { largeResults } from './large-results.ts';
import { needsTurn } from '../../runtime/turn-queue.ts';
import { withoutUndefined } from '../../graphql/schema/wire-body.ts';
import type { RequestInfo } from '../../graphql/server/request-context.ts';
import type { UnsentSource } from '../../runtime/connection.ts';
import type { OperationOptions } from '../graphql-route.ts';
import { clientError, NO_SLOT, overloaded, type HttpErrorResponse } from '../error-response.ts';

/** The operations that one socket may have at a time. */
const MAX_OPERATIONS = 20;
const CONNECTION_INIT_TIMEOUT_MS = 5000;
/** The characters of an operation's id, which is kept while the operation is in flight and sent with each result. */
const MAX_ID_LENGTH = 256;
/** The status of the request that became the socket. */
const SWITCHING_PROTOCOLS = 101;

export interface SocketState {
  /** The request that was upgraded. */
  readonly request: IncomingMessage;
  /** The tokens of the operations that are executed or streamed. */
  readonly operations: Set<CancellationToken>;
  /** Releases the memory of the message that is handled at the moment. */
  releaseMessage: Release;
  /** Whether the client's `connection_init` was accepted. */
  isAcknowledged: boolean;
  readonly onOperationEnd: () => void;
  /** The service, or upstream, has accepted the socket's credential, or not. */
  readonly onCredential: (isAccepted: boolean) => void;
  /** Its output, which keeps the caller. */
  readonly output: Pick<UnsentSource, 'caller' | 'isCut'>;
}

export interface RejectedOperation {
  readonly requestId: string;
  readonly code: ErrorCode;
  /** The subject of the socket's caller; null until it is known. */
  readonly caller: string | null;
}

export interface WebSocketOperationsOptions extends OperationOptions {
  /** Called with every operation that is rejected before it is executed. */
  readonly onOperationRejected: (entry: RejectedOperation) => void;
}

type ConnectionParams = Record<string, unknown>;
type SocketContext = Context<ConnectionParams, SocketState>;

/** graphql-ws requires a schema and a document to execute, but the operation has already been executed. */
const EMPTY_SCHEMA = new GraphQLSchema({});
const PLACEHOLDER_DOCUMENTS = { stream: parse('subscription { _ }'), result: parse('{ _ }') };
const EMPTY_PAYLOAD = { query: '', variables: undefined, extensions: undefined };
/** The origin of a WebSocket has been checked, so Apollo Server's CSRF prevention need not check the request. */
const HEADERS = new HeaderMap([['apollo-require-preflight', 'true']]);

export function createOperationsServer(options: WebSocketOperationsOptions): Server<SocketState> {
  return makeServer<ConnectionParams, SocketState>({
    connectionInitWaitTimeout: CONNECTION_INIT_TIMEOUT_MS,
    onConnect: ({ extra }) => {
      if (options.lifecycle.state === 'draining') return false;
      extra.isAcknowledged = true;
      return true;
    },
    onSubscribe: async (context, id, payload) => {
      const outcome =
        id.length > MAX_ID_LENGTH
          ? rejectOperation(ID_TOO_LONG, randomUUID(), context.extra, options)
          : await execute(context, payload, options);
      if ('errors' in outcome) return [new GraphQLError('', { extensions: { errors: outcome.errors } })];
      const isStream = 'next' in outcome.value;
      const document = isStream ? PLACEHOLDER_DOCUMENTS.stream : PLACEHOLDER_DOCUMENTS.result;
      return { schema: EMPTY_SCHEMA, document, rootValue: outcome.value };
    },
    // The results have been formatted, and `onNext` sends them unchanged.
    subscribe: ({ rootValue }) => rootValue as AsyncGenerator<ExecutionResult>,
    execute: ({ rootValue }) => rootValue as ExecutionResult,
    onNext: (_context, _id, _payload, _args, result) => result as FormattedExecutionResult,
    onError: (_context, _id, _payload, [carrier]) => {
      const errors = carrier?.extensions['errors'];
      return Array.isArray(errors) ? (errors as GraphQLFormattedError[]) : undefined;
    },
  });
}

type Outcome =
  | { readonly errors: readonly GraphQLFormattedError[] }
  | { readonly value: FormattedExecutionResult | AsyncIterableIterator<FormattedExecutionResult> };

async function execute(
  { extra, connectionParams }: SocketContext,
  payload: SubscribePayload,
  options: WebSocketOperationsOptions,
): Promise<Outcome> {
  const { request, operations, releaseMessage, onOperationEnd, onCredential, output } = extra;
  const { operationSlots, startTrace, execute: executeRequest } = options;
  const { query, operationName, variables, extensions } = payload;
  const requestId = randomUUID();
  if (operations.size >= MAX_OPERATIONS) return rejectOperation(OVER_SOCKET_LIMIT, requestId, extra, options);
  const release = operationSlots.tryAcquire();
  if (!release) return rejectOperation(NO_SLOT, requestId, extra, options);
  const cancellation = new CancellationToken();
  operations.add(cancellation);
  const trace = startTrace('GET', '/graphql', request.headers);
  const end = () => {
    operations.delete(cancellation);
    trace?.end(SWITCHING_PROTOCOLS);
    onOperationEnd();
  };
  // The protocol requires a query text, so an empty one with a hash means a persisted query.
  const body = { ...(query !== '' && { query }), operationName, variables, extensions };
  const info: RequestInfo = {
    requestId,
    callerRequestId: null,
    authorization: credentialOf(connectionParams, request),
    cancellation,
    trace,
    streamTransport: 'websocket',
    caller: null,
  };
  const response = await executeRequest(
    { method: 'POST', headers: HEADERS, search: '', body: withoutUndefined(body) },
    info,
  );
  if (info.caller !== null) output.caller = info.caller;
  release();
  // graphql-ws keeps the message until a stream has ended.
  Object.assign(payload, EMPTY_PAYLOAD);
  releaseMessage();
  if (response.stream) {
    onCredential(true);
    return { value: toIterator(response.stream, output, cancellation, end) };
  }
  const result = hasLargeData(response.body) ? largeResults.create(response.body) : parseResult(response.body);
  onCredential(!codesOf(result.errors).includes('UNAUTHENTICATED'));
  end();
  if (result.data !== undefined || !result.errors) return { value: result };
  return { errors: result.errors.map((error) => withRequestId(error, requestId)) };
}

/** A result of errors alone ends with their list. */
const hasLargeData = (body: Buffer): boolean => needsTurn(body) && body.toString('latin1', body.length - 2) === '}}';

const parseResult = (body: Buffer): FormattedExecutionResult => JSON.parse(body.toString()) as FormattedExecutionResult;

/** Browsers can set connection parameters only; other clients can also send headers. */
function credentialOf(parameters: ConnectionParams | undefined, { headers }: IncomingMessage): string | undefined {
  const [, given] = Object.entries(parameters ?? {}).find(([name]) => name.toLowerCase() === 'authorization') ?? [];
  return typeof given === 'string' ? given : headers.authorization;
}

/** Has `return` and `throw` because graphql-ws treats it as a generator. */
function toIterator(
  stream: OperationStream,
  output: SocketState['output'],
  cancellation: CancellationToken,
  onEnd: () => void,
): AsyncIterableIterator<FormattedExecutionResult> {
  let hasEnded = false;
  const end = () => {
    if (hasEnded) return;
    hasEnded = true;
    onEnd();
    stream.end(output.isCut ? 'cut' : 'disconnected');
    cancellation.cancel();
  };
  if (cancellation.isCancelled) end();
  else cancellation.onCancel(end);
  const done = { done: true, value: undefined } as const;
  const stop = () => {
    end();
    return Promise.resolve(done);
  };
  return {
    next: async () => {
      const value = await stream.next();
      if (value !== null) return { done: false, value };
      end();
      return done;
    },
    return: stop,
    throw: stop,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Errors that are raised before Apollo Server's plugins run have no request id. */
const withRequestId = (error: GraphQLFormattedError, requestId: string): GraphQLFormattedError => ({
  ...error,
  extensions: { requestId, ...error.extensions },
});

function rejectOperation(
  { code, message }: HttpErrorResponse,
  requestId: string,
  { output: { caller } }: SocketState,
  { onOperationRejected }: WebSocketOperationsOptions,
): Outcome {
  onOperationRejected({ requestId, code, caller });
  return { errors: [{ message, extensions: { ...toExtensions(code), requestId } }] };
}

const ID_TOO_LONG = clientError(400, `The id of an operation has at most ${MAX_ID_LENGTH} characters.`);
const OVER_SOCKET_LIMIT = overloaded('This WebSocket has 20 operations in flight, which is the limit.');

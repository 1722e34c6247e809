/**
 * Handles one GraphQL request: authenticates it, shares the execution of an identical query in flight, runs cached
 * operations from their plans, and passes all others to Apollo Server.
 *
 * An operation is cached once Apollo Server has validated and executed it. If a cached run ends with errors, Apollo Server
 * formats its result. Code that must see every operation (log, metrics, traces) belongs here: plugins of Apollo Server do
 * not see operations that run from the cache.
 */
import type { ApolloServer, HTTPGraphQLRequest } from '@apollo/server';
import { OperationTypeNode } from 'graphql';
import type { Outcome } from '../../runtime/errors.ts';
import type { CancellationToken } from '../../runtime/cancellation.ts';
import type { Release } from '../../runtime/semaphore.ts';
import { SingleFlight } from '../../runtime/single-flight.ts';
import type { FairShare } from '../../runtime/fair-share.ts';
import type { Authenticate } from '../../auth/authenticator.ts';
import type { Identity } from '../../auth/principal.ts';
import { violatedTextLimit } from './document-text.ts';
import { NO_CODES, toExtensions, type ErrorCode } from '../errors/codes.ts';
import { RequestScope, type ApolloContext, type RequestInfo, type ScopeOptions } from './request-context.ts';
import {
  badRequest,
  NO_HEADERS,
  NO_STORE,
  NOT_LISTED,
  OVER_SHARE,
  toResponse,
  withRequestId,
  type GraphQLHttpResponse,
} from './http-response.ts';
import { toLargeBody } from '../execution/large-data.ts';
import { createRejectionCache, type OperationCache, type OperationLookup } from './operation-cache.ts';
import { hasMalformedHash, MALFORMED_HASH } from './persisted-hash.ts';
import { requestParam } from './safelist.ts';
import { msSince, toOperationName, type OperationRecord } from '../../observability/operation-record.ts';
import type { OperationStream, StreamTransport } from './operation-stream.ts';
import { toVariablesKey } from '../execution/variables.ts';

export interface GraphQLRequestHandlerOptions extends ScopeOptions {
  readonly apollo: ApolloServer<ApolloContext>;
  readonly cache: OperationCache;
  readonly authenticate: Authenticate;
  /** The maximum of operations in flight of each subject. Null if there is only one. */
  readonly slots: FairShare | null;
  /**
   * Whether identical queries in flight are executed once. Not with replicas: a query could then return what was read before
   * a write through another replica. Reads of upstream are shared nevertheless.
   */
  readonly coalesceQueries: boolean;
  /** Whether introspection is allowed. If it is not, requests without a credential are rejected unparsed. */
  readonly introspection: boolean;
  /** Whether operations that are not in the safelist are rejected. */
  readonly isSafelistEnforced: boolean;
  readonly onTokenRejected: (entry: { readonly requestId: string; readonly reason: string }) => void;
  /** Called for each operation that was rejected because it is not in the safelist. */
  readonly onUnlisted: (requestId: string, operationName: string | null) => void;
}

/** With these codes the document itself is invalid, independent of the rest of the request. */
const documentErrors: ReadonlySet<string> = new Set<ErrorCode>(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']);

interface RejectedDocument extends GraphQLHttpResponse {
  readonly record: OperationRecord;
  readonly isUnlisted: boolean;
  /** That its errors have. */
  readonly requestId: string;
}

interface HandledRequest {
  readonly response: GraphQLHttpResponse;
  readonly scope: RequestScope;
}

export class GraphQLRequestHandler {
  readonly #options: GraphQLRequestHandlerOptions;
  readonly #inFlight = new SingleFlight<HandledRequest>();
  readonly #rejected = createRejectionCache<RejectedDocument>();
  /** Of the operations that have no response and no stream yet. */
  readonly #cancellations = new Set<CancellationToken>();
  #isCancelled = false;
  readonly #openStreams = new Map<StreamTransport, number>([
    ['sse', 0],
    ['multipart', 0],
    ['websocket', 0],
  ]);

  constructor(options: GraphQLRequestHandlerOptions) {
    this.#options = options;
    options.upstream.reads.onWrite((tenant) => this.#inFlight.forget(tenant));
  }

  get openStreams(): ReadonlyMap<StreamTransport, number> {
    return this.#openStreams;
  }

  /** Cancels the operations that have no response and no stream yet, and those that arrive from now on. */
  cancelAll(): void {
    this.#isCancelled = true;
    for (const cancellation of this.#cancellations) cancellation.cancel();
  }

  /** Never rejects. */
  async execute(request: HTTPGraphQLRequest, info: RequestInfo): Promise<GraphQLHttpResponse> {
    const { authenticate, introspection, safelist, isSafelistEnforced, slots, onTokenRejected } = this.#options;
    if (isSafelistEnforced && safelist?.rejects(request)) {
      this.#options.onUnlisted(info.requestId, toOperationName(requestParam(request, 'operationName')));
      return NOT_LISTED;
    }
    const startedAt = performance.now();
    const { cancellation } = info;
    let release: Release | null = null;
    this.#cancellations.add(cancellation);
    if (this.#isCancelled) cancellation.cancel();
    try {
      const identity = await authenticate(info.authorization);
      if (identity.kind === 'failure' && identity.reason !== undefined)
        onTokenRejected({ requestId: info.requestId, reason: identity.reason });
      if (identity.kind === 'failure' && !introspection) {
        const { code, message, retryable } = identity.error.details;
        return this.#rejectUnparsed(200, message, { code, retryable, outcome: 'NOT_APPLIED' }, info, startedAt);
      }
      if (identity.kind === 'failure') return await this.#execute(request, info, identity, startedAt);
      info.caller = identity.subject;
      release = slots?.tryAcquire(identity.subject) ?? null;
      if (slots && !release) return this.#rejectUnparsed(503, OVER_SHARE, toExtensions('OVERLOADED'), info, startedAt);
      return await this.#execute(request, info, identity, startedAt);
    } finally {
      release?.();
      this.#cancellations.delete(cancellation);
    }
  }

  async #execute(
    request: HTTPGraphQLRequest,
    info: RequestInfo,
    identity: Identity,
    startedAt: number,
  ): Promise<GraphQLHttpResponse> {
    const { cache, deadlineMs, coalesceQueries } = this.#options;
    const document = documentOf(request.body);
    const violatedLimit = document === null ? null : violatedTextLimit(document);
    if (violatedLimit !== null) return badRequest('GRAPHQL_VALIDATION_FAILED', violatedLimit);
    if (hasMalformedHash(request)) return badRequest('BAD_REQUEST', MALFORMED_HASH);
    const lookup = cache.lookup(request.body);
    const rejected = lookup?.documentKey && !lookup.cached ? this.#rejected.get(lookup.documentKey) : null;
    if (rejected) return this.#rejectAgain(rejected, info, startedAt);
    const start = (cancellation: CancellationToken) =>
      this.#run(request, withCancellation(info, cancellation), identity, lookup);
    if (!coalesceQueries || identity.kind === 'failure' || lookup?.cached?.prepared.kind !== OperationTypeNode.QUERY)
      return (await start(info.cancellation)).response;
    const variablesKey = toVariablesKey(lookup.variables, lookup.cached.prepared.variableNames);
    if (variablesKey === null) return (await start(info.cancellation)).response;
    const scopes = identity.scopes === null ? '*' : [...identity.scopes].sort().join(' ');
    const key = `${lookup.cached.id} ${scopes} ${variablesKey}`;
    const { promise, isShared } = this.#inFlight.run(identity.tenant, key, info.cancellation, start);
    const handled = await promise;
    if (!isShared) return handled.response;
    const deadlineAt = startedAt + deadlineMs;
    // The shared operation began earlier, so its deadline passed before this one's.
    if (handled.scope.record?.errorCodes.includes('UPSTREAM_TIMEOUT') && performance.now() < deadlineAt)
      return (await this.#run(request, info, identity, lookup, deadlineAt)).response;
    return this.#share(handled, info);
  }

  /** Rejects a request before its document is parsed, so it may be a mutation. */
  #rejectUnparsed(
    status: number,
    message: string,
    extensions: { readonly code: string; readonly retryable?: boolean; readonly outcome?: Outcome },
    info: RequestInfo,
    startedAt: number,
  ): GraphQLHttpResponse {
    const errorCodes = [extensions.code];
    this.#options.onOperation(
      { operationName: null, kind: 'unknown', outcome: 'error', errorCodes, durationMs: msSince(startedAt) },
      { info, upstreamCalls: 0, isShared: false, isUnlisted: false, stream: null },
    );
    const error = { message, extensions: { ...extensions, requestId: info.requestId } };
    return { status, headers: NO_STORE, body: Buffer.from(JSON.stringify({ errors: [error] })) };
  }

  /** Null if no subscription was started. */
  #toStream(scope: RequestScope): OperationStream | null {
    const { stream, record, info } = scope;
    const transport = info.streamTransport;
    if (!stream || !record || transport === null) return null;
    const startedAt = scope.start();
    this.#openStreams.set(transport, (this.#openStreams.get(transport) ?? 0) + 1);
    stream.onEnd = (summary) => {
      this.#openStreams.set(transport, (this.#openStreams.get(transport) ?? 1) - 1);
      const errorCodes = [...new Set([...record.errorCodes, ...summary.errorCodes])];
      const outcome = summary.end === 'failed' ? 'error' : errorCodes.length > 0 ? 'partial' : 'ok';
      const { firstTextAt } = scope;
      const firstTextMs = firstTextAt === null ? null : firstTextAt - startedAt;
      const durationMs = msSince(startedAt);
      scope.report({ ...record, outcome, errorCodes }, { ...summary, transport, durationMs, firstTextMs });
    };
    return stream;
  }

  async #run(
    request: HTTPGraphQLRequest,
    info: RequestInfo,
    identity: Identity,
    lookup: OperationLookup | null,
    deadlineAt: number | null = null,
  ): Promise<HandledRequest> {
    const scope = new RequestScope(info, identity, this.#options, deadlineAt);
    if (
      lookup?.cached &&
      lookup.cached.prepared.kind !== OperationTypeNode.SUBSCRIPTION &&
      identity.kind !== 'failure'
    ) {
      const { prepared, isUnlisted } = lookup.cached;
      const startedAt = scope.start();
      const result = await prepared.run(lookup.variables, scope);
      if (!result.errors) {
        const body = toLargeBody(result) ?? Buffer.from(JSON.stringify(result));
        const durationMs = msSince(startedAt);
        const { name: operationName, kind } = prepared;
        scope.endCached({ operationName, kind, outcome: 'ok', errorCodes: NO_CODES, durationMs }, isUnlisted);
        return { response: { status: 200, headers: NO_HEADERS, body }, scope };
      }
      scope.result = result;
    }
    const response = await this.#options.apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: request,
      context: () => Promise.resolve({ scope }),
    });
    const stream = this.#toStream(scope);
    const isSubscription = scope.record?.kind === 'subscription';
    const reply = { ...toResponse(response, scope.largeBody), isSubscription, ...(stream && { stream }) };
    if (!scope.isAnonymous) this.#remember(lookup, reply, scope);
    return { response: reply, scope };
  }

  /** Operations of requests without a credential are not cached. */
  #remember(lookup: OperationLookup | null, response: GraphQLHttpResponse, scope: RequestScope): void {
    const { valid, record, isUnlisted } = scope;
    if (valid && !lookup?.cached) this.#options.cache.store(lookup, valid.document, valid.operationName, isUnlisted);
    if (!valid && record && lookup?.documentKey && record.errorCodes.every((code) => documentErrors.has(code)))
      this.#rejected.set(lookup.documentKey, { ...response, record, isUnlisted, requestId: scope.info.requestId });
  }

  #rejectAgain(rejected: RejectedDocument, info: RequestInfo, startedAt: number): GraphQLHttpResponse {
    const { status, headers, record, isUnlisted } = rejected;
    this.#options.onOperation(
      { ...record, durationMs: msSince(startedAt) },
      { info, upstreamCalls: 0, isShared: false, isUnlisted, stream: null },
    );
    return { status, headers, body: withRequestId(rejected.body, rejected.requestId, info.requestId) };
  }

  /** The same response with the id of this request. */
  #share({ response, scope }: HandledRequest, info: RequestInfo): GraphQLHttpResponse {
    const { record, isUnlisted } = scope;
    const context = { info, upstreamCalls: 0, isShared: true, isUnlisted, stream: null };
    if (record) this.#options.onOperation(record, context);
    if (record?.outcome === 'ok') return response;
    return { ...response, body: withRequestId(response.body, scope.info.requestId, info.requestId) };
  }
}

/** One literal, without a spread: properties that follow a spread cost a microsecond each. */
const withCancellation = (
  { requestId, callerRequestId, authorization, trace, streamTransport, caller }: RequestInfo,
  cancellation: CancellationToken,
): RequestInfo => ({ requestId, callerRequestId, authorization, cancellation, trace, streamTransport, caller });

/** The document of a POST, if it is a string. The document of a GET is bounded by Node's limit of headers. */
function documentOf(body: unknown): string | null {
  const query: unknown = typeof body === 'object' && body !== null && 'query' in body ? body.query : null;
  return typeof query === 'string' ? query : null;
}

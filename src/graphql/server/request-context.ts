/** The context of one request. It is not shared and does not outlive the request. */
import type { UpstreamContext } from '../../aiml/call.ts';
import { type RequestAccess, UpstreamRequest, type Upstream } from '../../aiml/upstream-request.ts';
import { type Identity, requirePrincipal, requireScope, type Scope } from '../../auth/principal.ts';
import type { UserErrorCode } from '../schema/payload.type.ts';
import { ServiceError } from '../errors/codes.ts';
import type { EndedOperation, OperationRecord } from '../../observability/operation-record.ts';
import type { ValidOperation } from './apollo.plugin.ts';
import type { Release } from '../../runtime/semaphore.ts';
import type { OperationStream, StreamTransport } from './operation-stream.ts';
import type { Safelist } from './safelist.ts';
import type { StreamLimits } from './stream-limits.ts';
import type { CancellationToken } from '../../runtime/cancellation.ts';
import type { RequestTrace } from '../../observability/tracing.ts';
import type { ExecutionResult } from 'graphql';

/** The public members of a class and of the results of its methods, so that tests can replace them. */
type Public<T> = { readonly [Name in keyof T]: PublicMember<T[Name]> };
type PublicMember<M> = M extends (...parameters: infer Parameters) => infer Result
  ? (
      ...parameters: Parameters
    ) => Result extends Promise<unknown> ? Result : Result extends object ? Pick<Result, keyof Result> : Result
  : M extends object
    ? Pick<M, keyof M>
    : M;

/** The context of resolvers. Created for each request, never shared. */
export interface RequestContext {
  /** As in the X-Request-Id header of the response. */
  readonly requestId: string;
  /** The subject of the caller; null or absent if it is not known. */
  readonly caller?: string | null;
  /** Reads and writes with the credential of this request. Throws a PublicError without a valid credential. */
  readonly upstream: Public<UpstreamRequest>;
  /** Whether the request has no valid credential. Nothing of it is cached then. */
  readonly isAnonymous?: boolean;
  /** The result of a cached operation that has run. Null or absent if the operation has to be executed. */
  readonly result?: ExecutionResult | null;
  /** The body of a response that is too large to be written at once. Null or absent if Apollo Server writes the body. */
  largeBody?: Buffer | null;
  /**
   * Acquires a stream for the results of a subscription. Release it when the stream has ended. Null, or absent, if the response
   * cannot be a stream. Throws a ServiceError if the limit of streams is reached.
   */
  acquireStream?(): Release | null;
  /** The stream of its subscription. Null or absent if none was started. */
  stream?: OperationStream | null;
  /** Called with the code of each of a mutation's `userErrors`; absent if nothing is recorded. */
  recordUserError?(code: UserErrorCode): void;
  /** Called with the id of what a mutation created, changed or deleted; absent if nothing is recorded. */
  recordWrite?(id: string): void;
  /** Begins the operation, before its document is parsed. Returns when it began, on `performance.now()`. */
  start?(): number;
  /**
   * Called once by Apollo Server, when the response is ready to be sent. `valid` is the operation; null if it is not valid.
   * `source` is the document as text; undefined if none was found.
   */
  end?(record: OperationRecord, valid: ValidOperation | null, source: string | undefined): void;
  /** Throws a PublicError if the caller is not known or lacks the scope. */
  authorize(scope: Scope): void;
}

/**
 * The context of Apollo Server, which makes a shallow copy of it for every operation. What changes is therefore kept in the
 * object that both refer to.
 */
export interface ApolloContext {
  readonly scope: RequestContext;
}

/** The parts of an HTTP request that the context is created from. */
export interface RequestInfo {
  readonly requestId: string;
  /** The client's own id of the request, for the log only. Null if it sent no valid one. */
  readonly callerRequestId: string | null;
  readonly authorization: string | undefined;
  /** Cancelled if the client disconnects before the response is sent. */
  readonly cancellation: CancellationToken;
  /** Null while tracing is off. */
  readonly trace: RequestTrace | null;
  /** The transport of subscription results. Null if the response cannot be a stream. */
  readonly streamTransport: StreamTransport | null;
  /** The subject of the caller's principal. Set by the request handler; null until the caller is known. */
  caller: string | null;
}

/** The maximum bytes of upstream's responses that one operation may hold. */
const MAX_BYTES_AT_ONCE = 32 * 1024 * 1024;

/** What the scopes of all requests share. */
export interface ScopeOptions {
  readonly upstream: Upstream;
  readonly deadlineMs: number;
  readonly streamLimits: StreamLimits;
  /** The operations of a manifest; null if there is none. */
  readonly safelist: Safelist | null;
  /** Called once for each operation that is cached or passed to Apollo Server, when it has ended. */
  readonly onOperation: (record: OperationRecord, operation: EndedOperation) => void;
}

interface RenewableContext extends UpstreamContext {
  deadlineAt: number;
  responseBytesLeft: { bytes: number };
}

/** One operation, from its start to its end: the context of its resolvers, and what is recorded of it. */
export class RequestScope implements RequestContext {
  /** The number of attempts of calls to upstream. */
  upstreamCalls = 0;
  /** The outcome of the operation. Null until it has ended. */
  record: OperationRecord | null = null;
  /** The operation. Null until Apollo Server has validated it. */
  valid: ValidOperation | null = null;
  /** Whether there is a manifest of persisted operations and the operation is not in it. */
  isUnlisted = false;
  result: ExecutionResult | null = null;
  largeBody: Buffer | null = null;
  stream: OperationStream | null = null;
  /** When the first text of a run came, on `performance.now()`; null until then. */
  firstTextAt: number | null = null;
  readonly info: RequestInfo;
  readonly #identity: Identity;
  readonly #options: ScopeOptions;
  readonly #deadlineAt: number | null;
  /** Codes of the `userErrors` of its mutations; null for none. */
  #userErrorCodes: Set<string> | null = null;
  /** Ids of what its mutations created, changed or deleted. */
  readonly #writtenIds: string[] = [];
  #upstream: UpstreamRequest | null = null;
  #startedAt: number | null = null;

  /** `deadlineAt` is on `performance.now()`; null for `deadlineMs` after the first call to upstream. */
  constructor(info: RequestInfo, identity: Identity, options: ScopeOptions, deadlineAt: number | null) {
    this.info = info;
    this.#identity = identity;
    this.#options = options;
    this.#deadlineAt = deadlineAt;
  }

  get requestId(): string {
    return this.info.requestId;
  }

  get caller(): string | null {
    return this.info.caller;
  }

  get isAnonymous(): boolean {
    return this.#identity.kind === 'failure';
  }

  /** Only the first call begins the operation. */
  start(): number {
    if (this.#startedAt === null) {
      this.#startedAt = performance.now();
      this.info.trace?.startOperation();
    }
    return this.#startedAt;
  }

  /** The end of an operation from the cache. */
  endCached(record: OperationRecord, isUnlisted: boolean): void {
    this.isUnlisted = isUnlisted;
    this.#end(record);
  }

  end(record: OperationRecord, valid: ValidOperation | null, source: string | undefined): void {
    const { safelist } = this.#options;
    this.isUnlisted = safelist !== null && source !== undefined && !safelist.has(source);
    this.valid = valid;
    this.#end(record);
  }

  #end(ended: OperationRecord): void {
    this.record =
      ended.outcome === 'ok' && this.#userErrorCodes
        ? { ...ended, outcome: 'user_error', errorCodes: [...this.#userErrorCodes] }
        : ended;
    // A stream is reported when it ends.
    if (!this.stream) this.report(this.record, null);
  }

  report(record: OperationRecord, stream: EndedOperation['stream']): void {
    this.#options.onOperation(record, {
      info: this.info,
      upstreamCalls: this.upstreamCalls,
      isShared: false,
      isUnlisted: this.isUnlisted,
      stream,
      writtenIds: this.#writtenIds.length > 0 ? this.#writtenIds : undefined,
    });
  }

  recordUserError(code: UserErrorCode): void {
    (this.#userErrorCodes ??= new Set()).add(code);
  }

  recordWrite(id: string): void {
    this.#writtenIds.push(id);
  }

  authorize(scope: Scope): void {
    requireScope(this.#identity, scope);
  }

  acquireStream(): Release | null {
    if (this.info.streamTransport === null) return null;
    const identity = this.#identity;
    const { streamLimits } = this.#options;
    // Without a valid credential there is no stream, and the resolver reports the error.
    const release = identity.kind === 'failure' ? () => undefined : streamLimits.tryAcquire(identity.subject);
    if (release) return release;
    throw new ServiceError(
      'OVERLOADED',
      'The limit of streams is reached, in total or for this client, or the service is stopping: try again later.',
    );
  }

  /** Created on first use, which starts the deadline. */
  get upstream(): UpstreamRequest {
    return (this.#upstream ??= new UpstreamRequest(this.#toAccess()));
  }

  #toAccess(): RequestAccess {
    const { upstream, deadlineMs } = this.#options;
    const { client, reads, models, idempotencyKeys, isEmbedded, runHub } = upstream;
    const context = this.#toUpstreamContext();
    return {
      client,
      reads,
      models,
      idempotencyKeys,
      isEmbedded,
      runHub,
      context,
      // The selections of each event have their own deadline and byte budget.
      onRunEvent: ({ kind }) => {
        context.deadlineAt = performance.now() + deadlineMs;
        context.responseBytesLeft = { bytes: MAX_BYTES_AT_ONCE };
        if (kind === 'text') this.firstTextAt ??= performance.now();
      },
    };
  }

  #toUpstreamContext(): RenewableContext {
    const { requestId, cancellation: cancel, trace } = this.info;
    const { credential, tenant, subject } = requirePrincipal(this.#identity);
    return {
      credential,
      tenant,
      subject,
      requestId,
      cancel,
      deadlineAt: this.#deadlineAt ?? performance.now() + this.#options.deadlineMs,
      responseBytesLeft: { bytes: MAX_BYTES_AT_ONCE },
      trace,
      onAttempt: () => {
        this.upstreamCalls += 1;
      },
    };
  }
}

/** The scope and the GraphQL context of one request. Neither is shared or outlives the request. */
import type { UpstreamContext } from '../../aiml/call.ts';
import { type RequestAccess, UpstreamRequest, type Upstream } from '../../aiml/upstream-request.ts';
import { type Identity, requirePrincipal, requireScope, type Scope } from '../../auth/principal.ts';
import type { UserErrorCode } from '../schema/payload.type.ts';
import { ServiceError } from '../errors/codes.ts';
import type { StreamHost } from './subscription.ts';
import type { OperationRecord } from '../../observability/operation-record.ts';
import type { ValidOperation } from './operation.plugin.ts';
import type { Release } from '../../runtime/semaphore.ts';
import type { OperationStream, StreamTransport } from './operation-stream.ts';
import type { StreamLimits } from './stream-limits.ts';
import type { CancellationToken } from '../../runtime/cancellation.ts';
import type { RequestTrace } from '../../observability/tracing.ts';
import type { DocumentNode, ExecutionResult } from 'graphql';

/** The public members of a class and of the results of its methods, so that tests can replace them. */
type Public<T> = { readonly [Name in keyof T]: PublicMember<T[Name]> };
type PublicMember<M> = M extends (...parameters: infer Parameters) => infer Result
  ? (
      ...parameters: Parameters
    ) => Result extends Promise<unknown> ? Result : Result extends object ? Pick<Result, keyof Result> : Result
  : M extends object
    ? Pick<M, keyof M>
    : M;

export interface ExecutionRequest {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The context of resolvers. Created for each request, never shared. */
export interface RequestContext {
  /** As in the X-Request-Id header of the response. */
  readonly requestId: string;
  /** The subject of the caller; null or absent if it is not known. */
  readonly caller?: string | null;
  /** Reads and writes with the credential of this request. Throws a PublicError without a valid credential. */
  readonly upstream: Public<UpstreamRequest>;
  /** Executes operations that Apollo Server validated. By default the executor of the server. */
  readonly execute?: ((request: ExecutionRequest) => Promise<ExecutionResult>) | undefined;
  /** Receives the body of a response that is too large to be written at once. Absent if Apollo Server writes it. */
  readonly respondWith?: ((body: Buffer) => void) | undefined;
  /** Receives the results of a subscription. Null or absent if the response cannot be a stream. */
  readonly streamHost?: StreamHost | null;
  /** Called with the code of each of a mutation's `userErrors`; absent if nothing is recorded. */
  readonly recordUserError?: ((code: UserErrorCode) => void) | undefined;
  /** Called with the id of what a mutation created, changed or deleted; absent if nothing is recorded. */
  readonly recordWrite?: ((id: string) => void) | undefined;
  /** Throws a PublicError if the caller is not known or lacks the scope. */
  authorize(scope: Scope): void;
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

interface RequestScopeOptions {
  readonly upstream: Upstream;
  readonly identity: Identity;
  readonly deadlineMs: number;
  /** The deadline, on `performance.now()`. By default `deadlineMs` after its first call to upstream. */
  readonly deadlineAt?: number | undefined;
  readonly streamLimits: StreamLimits;
}

interface RenewableCaller extends UpstreamContext {
  deadlineAt: number;
  responseBytesLeft: { bytes: number };
}

export class RequestScope {
  /** The number of attempts of calls to upstream. */
  upstreamCalls = 0;
  /** The outcome of the operation. Null until it has ended. */
  record: OperationRecord | null = null;
  /** The operation. Null until Apollo Server has validated it. */
  valid: ValidOperation | null = null;
  /** Whether there is a manifest of persisted operations and the operation is not in it. */
  isUnlisted = false;
  /** The body of the response if it is too large for Apollo Server to write, null otherwise. */
  largeBody: Buffer | null = null;
  /** The stream of its subscription. Null if none was started. */
  stream: OperationStream | null = null;
  /** Codes of the `userErrors` of its mutations; null for none. */
  userErrorCodes: Set<string> | null = null;
  /** Ids of what its mutations created, changed or deleted. */
  readonly writtenIds: string[] = [];
  /** When the first text of a run came, on `performance.now()`; null until then. */
  firstTextAt: number | null = null;
  readonly info: RequestInfo;
  readonly #options: RequestScopeOptions;
  #upstream: UpstreamRequest | null = null;
  #startedAt: number | null = null;

  constructor(info: RequestInfo, options: RequestScopeOptions) {
    this.info = info;
    this.#options = options;
  }

  /** Begins the operation if it has not begun. Returns when it began, on `performance.now()`. */
  start(): number {
    if (this.#startedAt === null) {
      this.#startedAt = performance.now();
      this.info.trace?.startOperation();
    }
    return this.#startedAt;
  }

  /** Throws a PublicError if the caller is not known or lacks the scope. */
  authorize(scope: Scope): void {
    requireScope(this.#options.identity, scope);
  }

  /** Null if the response cannot be a stream. */
  get streamHost(): StreamHost | null {
    if (this.info.streamTransport === null) return null;
    return {
      acquire: () => this.#acquireStream(),
      begin: (stream) => {
        this.stream = stream;
      },
    };
  }

  /** Without a valid credential there is no stream, and the resolver reports the error. */
  #acquireStream(): Release {
    const { identity, streamLimits } = this.#options;
    const release = identity.kind === 'failure' ? () => undefined : streamLimits.tryAcquire(identity.subject);
    if (release) return release;
    throw new ServiceError(
      'OVERLOADED',
      'The limit of streams is reached, in total or for this client, or the service is stopping: try again later.',
    );
  }

  /** Created on first use, which starts the deadline. Throws a PublicError without a valid credential. */
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

  #toUpstreamContext(): RenewableCaller {
    const { identity, deadlineMs, deadlineAt } = this.#options;
    const { requestId, cancellation: cancel, trace } = this.info;
    const { credential, tenant, subject } = requirePrincipal(identity);
    return {
      credential,
      tenant,
      subject,
      requestId,
      cancel,
      deadlineAt: deadlineAt ?? performance.now() + deadlineMs,
      responseBytesLeft: { bytes: MAX_BYTES_AT_ONCE },
      trace,
      onAttempt: () => {
        this.upstreamCalls += 1;
      },
    };
  }
}

/**
 * The context that resolvers get. Apollo Server makes a copy of it for every operation: own fields are copied, getters
 * of the prototype are not run, so what changes is kept in the scope.
 */
export class ServiceContext implements RequestContext {
  readonly requestId: string;
  readonly scope: RequestScope;
  execute: RequestContext['execute'];
  readonly respondWith: (body: Buffer) => void;

  constructor(scope: RequestScope) {
    this.requestId = scope.info.requestId;
    this.scope = scope;
    this.respondWith = (body) => {
      scope.largeBody = body;
    };
  }

  recordUserError(code: UserErrorCode): void {
    (this.scope.userErrorCodes ??= new Set()).add(code);
  }

  recordWrite(id: string): void {
    this.scope.writtenIds.push(id);
  }

  get caller(): string | null {
    return this.scope.info.caller;
  }

  get upstream(): UpstreamRequest {
    return this.scope.upstream;
  }

  get streamHost(): StreamHost | null {
    return this.scope.streamHost;
  }

  authorize(scope: Scope): void {
    this.scope.authorize(scope);
  }
}

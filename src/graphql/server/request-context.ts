/** What belongs to one request from its first byte to its last log line. Never shared, never longer-lived. */
import type { Caller as UpstreamCaller } from '../../aiml/client.ts';
import { UpstreamRequest, type RequestAccess, type UpstreamWithRuns } from '../../aiml/upstream-request.ts';
import { requireCaller, requireScope, type Identity, type Scope } from '../../auth/principal.ts';
import type { RequestContext } from '../context.ts';
import { ServiceError } from '../errors/codes.ts';
import type { StreamHost, SubscriptionResults } from './subscription.ts';
import type { RequestInfo } from '../../http/graphql-route.ts';
import type { OperationRecord } from '../../observability/operation-record.ts';
import type { ValidOperation } from './operation.plugin.ts';
import type { Release } from '../../runtime/semaphore.ts';
import type { StreamLimits } from './stream-limits.ts';

/** How many bytes of upstream's answers one operation may hold. */
const MAX_BYTES_AT_ONCE = 32 * 1024 * 1024;

export interface RequestScopeOptions {
  readonly upstream: UpstreamWithRuns;
  readonly identity: Identity;
  readonly deadlineMs: number;
  /** When it has to end, on `performance.now()`; `deadlineMs` from its first call to upstream where it is left out. */
  readonly deadlineAt?: number | undefined;
  readonly streamLimits: StreamLimits;
}

interface RenewableCaller extends UpstreamCaller {
  deadlineAt: number;
  budget: { bytes: number };
}

export class RequestScope {
  /** How many attempts of calls to upstream were made for it. */
  upstreamCalls = 0;
  /** What came of its operation; null until that is known. */
  record: OperationRecord | null = null;
  /** What it asks, where Apollo Server found it valid; null until then. */
  valid: ValidOperation | null = null;
  /** Whether its operation is not in the manifest of persisted operations, where there is one. */
  isUnlisted = false;
  /** The body of the response, where it is too large for Apollo Server to write; null otherwise. */
  largeBody: Buffer | null = null;
  /** What its subscription comes to; null where none was started. */
  results: SubscriptionResults | null = null;
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

  /** Begins its operation, where that has not begun, and tells when that was, on `performance.now()`. */
  start(): number {
    if (this.#startedAt === null) {
      this.#startedAt = performance.now();
      this.info.trace?.startOperation();
    }
    return this.#startedAt;
  }

  /** Throws an AimlError where the caller is not known or lacks the scope. */
  authorize(scope: Scope): void {
    requireScope(this.#options.identity, scope);
  }

  /** Null where the response cannot be a stream. */
  get streamHost(): StreamHost | null {
    if (this.info.streamTransport === null) return null;
    return {
      acquire: () => this.#acquireStream(),
      begin: (results) => {
        this.results = results;
      },
    };
  }

  /** Who has no usable credential gets no stream, and the error is the resolver's. */
  #acquireStream(): Release {
    const { identity, streamLimits } = this.#options;
    const release = identity.kind === 'refused' ? () => undefined : streamLimits.tryAcquire(identity.subject);
    if (release) return release;
    throw new ServiceError(
      'OVERLOADED',
      'The service has as many streams as it takes, in all or of this caller, or is stopping: try again in a moment.',
    );
  }

  /** Made when it is first asked for; its deadline begins there. Throws an AimlError where the caller is not known. */
  get upstream(): UpstreamRequest {
    return (this.#upstream ??= new UpstreamRequest(this.#toAccess()));
  }

  #toAccess(): RequestAccess {
    const { upstream, deadlineMs } = this.#options;
    const caller = this.#toCaller();
    return {
      ...upstream,
      caller,
      // What an event selects has a deadline and a budget of its own.
      onRunEvent: ({ kind }) => {
        caller.deadlineAt = performance.now() + deadlineMs;
        caller.budget = { bytes: MAX_BYTES_AT_ONCE };
        if (kind === 'text') this.firstTextAt ??= performance.now();
      },
    };
  }

  #toCaller(): RenewableCaller {
    const { identity, deadlineMs, deadlineAt } = this.#options;
    const { requestId, hangUp, trace } = this.info;
    const { credential, tenant, subject } = requireCaller(identity);
    return {
      credential,
      tenant,
      subject,
      requestId,
      hangUp,
      deadlineAt: deadlineAt ?? performance.now() + deadlineMs,
      budget: { bytes: MAX_BYTES_AT_ONCE },
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

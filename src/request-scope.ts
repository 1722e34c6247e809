/** What belongs to one request from its first byte to its last log line. Never shared, never longer-lived. */
import type { Caller as UpstreamCaller } from './aiml/client.ts';
import type { Upstream } from './aiml/resource.ts';
import { UpstreamRequest } from './aiml/upstream-request.ts';
import { requireCaller, requireScope, type Identity, type Scope } from './auth/identity.ts';
import type { RequestContext } from './graphql/context.ts';
import type { RequestInfo } from './http/graphql-route.ts';
import type { OperationRecord } from './observability/operation-record.ts';
import type { ValidOperation } from './observability/operation.plugin.ts';

/** How many bytes of upstream's answers one operation may hold. */
const MAX_BYTES_AT_ONCE = 32 * 1024 * 1024;

export interface RequestScopeOptions {
  readonly upstream: Upstream;
  readonly identity: Identity;
  readonly deadlineMs: number;
  /** When it has to end, on `performance.now()`; `deadlineMs` from its first call to upstream where it is left out. */
  readonly deadlineAt?: number | undefined;
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

  /** Made when it is first asked for; its deadline begins there. Throws an AimlError where the caller is not known. */
  get upstream(): UpstreamRequest {
    return (this.#upstream ??= new UpstreamRequest({ ...this.#options.upstream, caller: this.#toCaller() }));
  }

  #toCaller(): UpstreamCaller {
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

  authorize(scope: Scope): void {
    this.scope.authorize(scope);
  }
}

/**
 * From an HTTP request to `/graphql` to its answer: who is calling, whether the same operation is under way for him
 * already, whether it is known, and Apollo Server where it is not. It also sees to it that every operation leaves its line
 * and its figures.
 *
 * An operation is known once Apollo Server has found it valid and executed it. From then on it is run from its plan, and
 * where that goes well, Apollo Server is not asked again; where it does not, Apollo Server makes the answer of what the run
 * came to. So what is to see every operation belongs here, and not in a plugin.
 */
import type { ApolloServer, HTTPGraphQLRequest, HTTPGraphQLResponse } from '@apollo/server';
import { OperationTypeNode } from 'graphql';
import type { AimlError, Outcome } from './aiml/errors.ts';
import type { HangUp } from './aiml/hang-up.ts';
import type { Upstream } from './aiml/resource.ts';
import { SharedWork } from './aiml/shared-work.ts';
import type { FairShare } from './runtime/fair-share.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { Identity } from './auth/identity.ts';
import { brokenTextLimit } from './graphql/document-text.ts';
import type { ErrorCode } from './graphql/errors.ts';
import type { Safelist } from './graphql/safelist.ts';
import type { GraphQLAnswer, RequestInfo } from './http/graphql-route.ts';
import type { KnownOperations, Question } from './known-operations.ts';
import { msSince, type OperationRecord } from './observability/operation-record.ts';
import type { ValidOperation } from './observability/operation.plugin.ts';
import { RequestScope, ServiceContext } from './request-scope.ts';
import { toVariablesKey } from './variables-key.ts';

export interface OperationsOptions {
  readonly apollo: ApolloServer<ServiceContext>;
  readonly known: KnownOperations;
  readonly authenticator: Authenticator;
  readonly upstream: Upstream;
  /** How many operations each subject may have in flight. */
  readonly slots: FairShare;
  readonly deadlineMs: number;
  /**
   * Whether identical queries under way are one. Not where other processes write for the same callers: that would show
   * what one read before another's write. Their reads are shared all the same.
   */
  readonly joinsQueries: boolean;
  /** Whether the schema may be asked for. Where it may not, callers without a credential have nothing to ask. */
  readonly introspection: boolean;
  /** Nothing else is executed where there is one; null or absent where everything may be. */
  readonly safelist?: Safelist | null;
  readonly onOperation: (record: OperationRecord, facts: OperationFacts) => void;
  /** Told of every request that the safelist refused. */
  readonly onUnlisted: (request: HTTPGraphQLRequest, info: RequestInfo) => void;
}

export interface OperationFacts {
  readonly info: RequestInfo;
  /** Attempts of calls to upstream that were made for it; none where it joined another request's. */
  readonly upstreamCalls: number;
  /** Whether it was answered with what another request was executing already. */
  readonly isShared: boolean;
  readonly isUnlisted: boolean;
}

const NO_CODES: readonly string[] = [];
const NO_HEADERS: GraphQLAnswer['headers'] = [];
const NO_STORE: GraphQLAnswer['headers'] = [['cache-control', 'no-store']];

/** The HTTP layer adds the id of the request, and records that the request was rejected. */
const badRequest = (code: ErrorCode, message: string): GraphQLAnswer => ({
  status: 400,
  headers: NO_STORE,
  body: Buffer.from(JSON.stringify({ errors: [{ message, extensions: { code } }] })),
});

/** Others find slots as long as no caller takes all of them. */
const OVER_SHARE: GraphQLAnswer = {
  ...badRequest(
    'OVERLOADED',
    'There are as many operations of this caller in flight as there may be: try again in a moment.',
  ),
  status: 503,
};

const NOT_LISTED = badRequest('BAD_REQUEST', 'The operation is not one of those that may be run here.');

interface Executed {
  readonly answer: GraphQLAnswer;
  readonly scope: RequestScope;
}

export class Operations {
  readonly #options: OperationsOptions;
  readonly #underWay = new SharedWork<Executed>();

  constructor(options: OperationsOptions) {
    this.#options = options;
    options.upstream.reads.onWrite((tenant) => this.#underWay.forget(tenant));
  }

  /** Never rejects. */
  async execute(request: HTTPGraphQLRequest, info: RequestInfo): Promise<GraphQLAnswer> {
    const { authenticator, introspection, safelist, slots, onUnlisted } = this.#options;
    if (safelist?.rejects(request)) {
      onUnlisted(request, info);
      return NOT_LISTED;
    }
    const startedAt = performance.now();
    const identity = await authenticator.authenticate(info.authorization);
    if (identity.kind === 'refused' && !introspection) return this.#rejectCaller(identity.error, info, startedAt);
    if (identity.kind === 'refused') return this.#execute(request, info, identity, startedAt);
    const release = slots.tryAcquire(identity.subject);
    if (!release) return OVER_SHARE;
    try {
      return await this.#execute(request, info, identity, startedAt);
    } finally {
      release();
    }
  }

  async #execute(
    request: HTTPGraphQLRequest,
    info: RequestInfo,
    identity: Identity,
    startedAt: number,
  ): Promise<GraphQLAnswer> {
    const { deadlineMs, joinsQueries, known } = this.#options;
    const document = documentOf(request.body);
    const brokenLimit = document === null ? null : brokenTextLimit(document);
    if (brokenLimit !== null) return badRequest('GRAPHQL_VALIDATION_FAILED', brokenLimit);
    const question = known.questionOf(request.body);
    const start = (hangUp: HangUp) => this.#run(request, { ...info, hangUp }, identity, question);
    const variablesKey =
      joinsQueries && identity.kind !== 'refused' && question?.known?.kind === OperationTypeNode.QUERY
        ? toVariablesKey(question.variables)
        : null;
    if (variablesKey === null || identity.kind === 'refused' || !question?.known)
      return (await start(info.hangUp)).answer;
    const scopes = identity.scopes === null ? '*' : [...identity.scopes].sort().join(' ');
    const key = `${question.known.id} ${scopes} ${variablesKey}`;
    const { result, hasJoined } = this.#underWay.run(identity.tenant, key, info.hangUp, start);
    const executed = await result;
    if (!hasJoined) return executed.answer;
    const deadlineAt = startedAt + deadlineMs;
    // The operation that was joined began earlier, so that its deadline passed before this one's.
    if (executed.scope.record?.errorCodes.includes('UPSTREAM_TIMEOUT') && performance.now() < deadlineAt)
      return (await this.#run(request, info, identity, question, deadlineAt)).answer;
    return this.#share(executed, info);
  }

  /** For a caller without a usable credential: the document is not looked at, so it may be a mutation. */
  #rejectCaller({ details }: AimlError, info: RequestInfo, startedAt: number): GraphQLAnswer {
    const { code, message, retryable } = details;
    const extensions = { code, retryable, outcome: 'NOT_APPLIED' satisfies Outcome, requestId: info.requestId };
    this.#options.onOperation(
      { operationName: null, kind: 'unknown', outcome: 'error', errorCodes: [code], durationMs: msSince(startedAt) },
      { info, upstreamCalls: 0, isShared: false, isUnlisted: false },
    );
    return { status: 200, headers: NO_STORE, body: Buffer.from(JSON.stringify({ errors: [{ message, extensions }] })) };
  }

  /**
   * Called once for each operation that is known or that Apollo Server worked on. `valid` is what Apollo Server took it
   * for; null where that is known already, or where it is no valid operation.
   */
  end(record: OperationRecord, scope: RequestScope, valid: ValidOperation | null): void {
    scope.record = record;
    scope.valid = valid;
    const { info, upstreamCalls, isUnlisted } = scope;
    this.#options.onOperation(record, { info, upstreamCalls, isShared: false, isUnlisted });
  }

  async #run(
    request: HTTPGraphQLRequest,
    info: RequestInfo,
    identity: Identity,
    question: Question | null,
    deadlineAt?: number,
  ): Promise<Executed> {
    const { apollo, upstream, known, deadlineMs } = this.#options;
    const scope = new RequestScope(info, { upstream, identity, deadlineMs, deadlineAt });
    const context = new ServiceContext(scope);
    if (question?.known?.prepared) {
      const { name, kind, prepared, isUnlisted } = question.known;
      const startedAt = scope.start();
      const result = await prepared.run(question.variables, context);
      if (result && 'data' in result) {
        const body = Buffer.from(JSON.stringify(result));
        const durationMs = msSince(startedAt);
        scope.isUnlisted = isUnlisted;
        this.end({ operationName: name, kind, outcome: 'ok', errorCodes: NO_CODES, durationMs }, scope, null);
        return { answer: { status: 200, headers: NO_HEADERS, body }, scope };
      }
      context.unfinished = result;
    }
    const response = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: request,
      context: () => Promise.resolve(context),
    });
    const { valid, isUnlisted } = scope;
    if (question && !question.known && valid) known.remember(question, { valid, isUnlisted });
    return { answer: toAnswer(response), scope };
  }

  /** The same answer, but with the id of the request that gets it. */
  #share({ answer, scope }: Executed, info: RequestInfo): GraphQLAnswer {
    const { record, isUnlisted } = scope;
    if (record) this.#options.onOperation(record, { info, upstreamCalls: 0, isShared: true, isUnlisted });
    if (record?.outcome === 'ok') return answer;
    const body = answer.body.toString().replaceAll(scope.info.requestId, info.requestId);
    return { ...answer, body: Buffer.from(body) };
  }
}

/** The document of a POST where it is a text. That of a GET is bounded by what Node takes as headers. */
function documentOf(body: unknown): string | null {
  const query: unknown = typeof body === 'object' && body !== null && 'query' in body ? body.query : null;
  return typeof query === 'string' ? query : null;
}

function toAnswer({ status = 200, headers, body }: HTTPGraphQLResponse): GraphQLAnswer {
  if (body.kind === 'chunked') throw new TypeError('incremental delivery is not offered');
  return { status, headers, body: Buffer.from(body.string) };
}

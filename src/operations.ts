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
import { getOperationAST, OperationTypeNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { AimlClient } from './aiml/client.ts';
import type { HangUp } from './aiml/hang-up.ts';
import type { Reads } from './aiml/reads.ts';
import { SharedWork } from './aiml/shared-work.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { Identity } from './auth/identity.ts';
import { sizeOfDocument } from './graphql/document-store.ts';
import type { Executor, PreparedOperation } from './graphql/execution/executor.ts';
import type { GraphQLAnswer, RequestInfo } from './http/graphql-route.ts';
import { toOperationName, type OperationRecord } from './observability/operation-record.ts';
import type { ValidOperation } from './observability/operation.plugin.ts';
import { RequestScope, ServiceContext } from './request-scope.ts';

/** How much memory known operations may take, in bytes; those used least recently go first. */
const MAX_KNOWN_BYTES = 16 * 1024 * 1024;
/** Longer documents are not known, in characters. */
const MAX_QUERY_LENGTH = 10_000;

export interface OperationsOptions {
  readonly apollo: ApolloServer<ServiceContext>;
  /** The one that Apollo Server executes with. */
  readonly executor: Executor;
  readonly authenticator: Authenticator;
  readonly client: AimlClient;
  readonly reads: Reads;
  readonly deadlineMs: number;
  readonly onOperation: (record: OperationRecord, facts: OperationFacts) => void;
}

export interface OperationFacts {
  readonly info: RequestInfo;
  /** Attempts of calls to upstream that were made for it; none where it joined another request's. */
  readonly upstreamCalls: number;
  /** Whether it was answered with what another request was executing already. */
  readonly isShared: boolean;
}

interface KnownOperation {
  /** Its own among all that were ever known. */
  readonly id: number;
  readonly name: string | null;
  readonly kind: OperationTypeNode;
  /** Null where graphql-js executes it each time. */
  readonly prepared: PreparedOperation | null;
}

/** What a POST asks. */
interface Question {
  /** The name of the operation and the document as one text. */
  readonly operation: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly known: KnownOperation | undefined;
}

interface Executed {
  readonly answer: GraphQLAnswer;
  readonly scope: RequestScope;
}

export class Operations {
  readonly #options: OperationsOptions;
  readonly #underWay = new SharedWork<Executed>();
  readonly #known = new LRUCache<string, KnownOperation>({ maxSize: MAX_KNOWN_BYTES });
  #lastId = 0;

  constructor(options: OperationsOptions) {
    this.#options = options;
    options.reads.onWrite((tenant) => this.#underWay.forget(tenant));
  }

  /** Never rejects. */
  async execute(request: HTTPGraphQLRequest, info: RequestInfo): Promise<GraphQLAnswer> {
    const identity = await this.#options.authenticator.authenticate(info.authorization);
    const question = this.#questionOf(request.body);
    const start = (hangUp: HangUp) => this.#run(request, { ...info, hangUp }, identity, question);
    if (identity.kind === 'refused' || question?.known?.kind !== OperationTypeNode.QUERY)
      return (await start(info.hangUp)).answer;
    const scopes = identity.scopes === null ? '*' : [...identity.scopes].sort().join(' ');
    const key = `${question.known.id} ${scopes} ${JSON.stringify(question.variables)}`;
    const { result, hasJoined } = this.#underWay.run(identity.tenant, key, info.hangUp, start);
    const executed = await result;
    return hasJoined ? this.#share(executed, info) : executed.answer;
  }

  /** Called by the plugin, once for each operation that Apollo Server worked on. `valid` is null where it has no operation. */
  end(record: OperationRecord, scope: RequestScope, valid: ValidOperation | null): void {
    scope.record = record;
    scope.valid = valid;
    this.#options.onOperation(record, { info: scope.info, upstreamCalls: scope.upstreamCalls, isShared: false });
  }

  async #run(
    request: HTTPGraphQLRequest,
    info: RequestInfo,
    identity: Identity,
    question: Question | null,
  ): Promise<Executed> {
    const { apollo, client, reads, deadlineMs } = this.#options;
    const scope = new RequestScope(info, { client, reads, identity, deadlineMs });
    const context = new ServiceContext(scope);
    if (question?.known?.prepared) {
      const { name, kind, prepared } = question.known;
      const startedAt = scope.start();
      const result = await prepared.run(question.variables, context);
      if ('data' in result) {
        const body = Buffer.from(JSON.stringify(result));
        const durationMs = performance.now() - startedAt;
        this.end({ operationName: name, kind, outcome: 'ok', errorCodes: NO_CODES, durationMs }, scope, null);
        return { answer: { status: 200, headers: NO_HEADERS, body }, scope };
      }
      context.unfinished = result;
    }
    const response = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: request,
      context: () => Promise.resolve(context),
    });
    if (question && !question.known && scope.valid) this.#remember(question.operation, scope.valid);
    return { answer: toAnswer(response), scope };
  }

  #remember(operation: string, { document, operationName }: ValidOperation): void {
    const node = getOperationAST(document, operationName);
    if (!node) return;
    this.#known.set(
      operation,
      {
        id: (this.#lastId += 1),
        name: toOperationName(node.name?.value),
        kind: node.operation,
        prepared: this.#options.executor.prepare(document, operationName),
      },
      { size: sizeOfDocument(document) + 2 * operation.length },
    );
  }

  /** The same answer, but with the id of the request that gets it. */
  #share({ answer, scope }: Executed, info: RequestInfo): GraphQLAnswer {
    if (scope.record) this.#options.onOperation(scope.record, { info, upstreamCalls: 0, isShared: true });
    if (scope.record?.outcome === 'ok') return answer;
    return {
      ...answer,
      body: Buffer.from(answer.body.toString().replaceAll(scope.info.requestId, info.requestId)),
    };
  }

  /** Null where it is no question that could be known: Apollo Server has to look at it. */
  #questionOf(body: unknown): Question | null {
    if (typeof body !== 'object' || body === null) return null;
    const { query, operationName, variables, extensions } = body as Readonly<Record<string, unknown>>;
    if (typeof query !== 'string' || query.length > MAX_QUERY_LENGTH || extensions !== undefined) return null;
    if (operationName !== undefined && operationName !== null && !isName(operationName)) return null;
    if (typeof variables !== 'object' && variables !== undefined) return null;
    if (Array.isArray(variables)) return null;
    const operation = `${operationName ?? ''}\n${query}`;
    return { operation, variables: (variables ?? {}) as Question['variables'], known: this.#known.get(operation) };
  }
}

const NO_CODES: readonly string[] = [];
const NO_HEADERS: GraphQLAnswer['headers'] = [];

const isName = (value: unknown): value is string => typeof value === 'string' && toOperationName(value) !== null;

function toAnswer({ status = 200, headers, body }: HTTPGraphQLResponse): GraphQLAnswer {
  if (body.kind === 'chunked') throw new TypeError('incremental delivery is not offered');
  return { status, headers, body: Buffer.from(body.string) };
}

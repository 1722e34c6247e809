/**
 * From an HTTP request to `/graphql` to its answer: who is calling, whether the same operation is under way for him
 * already, and Apollo Server where it is not. It also sees to it that every operation leaves its line and its figures.
 */
import type { ApolloServer, HTTPGraphQLRequest, HTTPGraphQLResponse } from '@apollo/server';
import type { AimlClient } from './aiml/client.ts';
import type { HangUp } from './aiml/hang-up.ts';
import type { Reads } from './aiml/reads.ts';
import { SharedWork } from './aiml/shared-work.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { Identity } from './auth/identity.ts';
import type { RequestInfo } from './http/graphql-route.ts';
import type { OperationRecord } from './observability/operation-record.ts';
import { RequestScope, ServiceContext } from './request-scope.ts';

/** How many queries are known to be queries at a time, and how long each may be, in characters. */
const MAX_KNOWN_QUERIES = 500;
const MAX_QUERY_LENGTH = 10_000;

export interface OperationsOptions {
  readonly apollo: ApolloServer<ServiceContext>;
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

interface Executed {
  readonly response: HTTPGraphQLResponse;
  readonly scope: RequestScope;
}

export class Operations {
  readonly #options: OperationsOptions;
  readonly #underWay = new SharedWork<Executed>();
  /** Only what is known to change nothing is shared, and that is known once it was executed. */
  readonly #knownQueries = new Set<string>();

  constructor(options: OperationsOptions) {
    this.#options = options;
    options.reads.onWrite((tenant) => this.#underWay.forget(tenant));
  }

  /** Never rejects. */
  async execute(request: HTTPGraphQLRequest, info: RequestInfo): Promise<HTTPGraphQLResponse> {
    const identity = await this.#options.authenticator.authenticate(info.authorization);
    const question = identity.kind === 'caller' ? questionOf(request.body) : null;
    if (question === null) return (await this.#run(request, info, identity, info.hangUp, null)).response;
    const start = (hangUp: HangUp) => this.#run(request, info, identity, hangUp, question.document);
    if (identity.kind === 'refused' || !this.#knownQueries.has(question.document))
      return (await start(info.hangUp)).response;
    const scopes = identity.scopes === null ? '*' : [...identity.scopes].sort().join(' ');
    const key = `${question.document}\n${question.variables}\n${scopes}`;
    const { result, hasJoined } = this.#underWay.run(identity.tenant, key, info.hangUp, start);
    const { response, scope } = await result;
    return hasJoined ? this.#share(response, scope, info) : response;
  }

  /** Called by the plugin, once for each operation that Apollo Server worked on. */
  end(record: OperationRecord, scope: RequestScope): void {
    scope.record = record;
    this.#options.onOperation(record, { info: scope.info, upstreamCalls: scope.upstreamCalls, isShared: false });
  }

  async #run(
    request: HTTPGraphQLRequest,
    info: RequestInfo,
    identity: Identity,
    hangUp: HangUp,
    document: string | null,
  ): Promise<Executed> {
    const { apollo, client, reads, deadlineMs } = this.#options;
    const scope = new RequestScope({ ...info, hangUp }, { client, reads, identity, deadlineMs });
    const response = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: request,
      context: () => Promise.resolve(new ServiceContext(scope)),
    });
    if (document !== null && scope.record?.kind === 'query') this.#remember(document);
    return { response, scope };
  }

  #remember(document: string): void {
    if (this.#knownQueries.size >= MAX_KNOWN_QUERIES) this.#knownQueries.clear();
    this.#knownQueries.add(document);
  }

  /** The same answer, but with the id of the request that gets it. */
  #share({ body, ...head }: HTTPGraphQLResponse, scope: RequestScope, info: RequestInfo): HTTPGraphQLResponse {
    if (scope.record) this.#options.onOperation(scope.record, { info, upstreamCalls: 0, isShared: true });
    if (body.kind !== 'complete' || !body.string.includes(scope.info.requestId)) return { ...head, body };
    return {
      ...head,
      body: { kind: 'complete', string: body.string.replaceAll(scope.info.requestId, info.requestId) },
    };
  }
}

/** What a POST asks, as text to compare; null where it is none that could be shared. */
function questionOf(body: unknown): { readonly document: string; readonly variables: string } | null {
  if (typeof body !== 'object' || body === null) return null;
  const { query, operationName, variables, extensions } = body as Readonly<Record<string, unknown>>;
  if (typeof query !== 'string' || query.length > MAX_QUERY_LENGTH || extensions !== undefined) return null;
  const name = typeof operationName === 'string' ? operationName : '';
  if (name.length > MAX_QUERY_LENGTH) return null;
  return { document: `${name}\n${query}`, variables: JSON.stringify(variables ?? null) };
}

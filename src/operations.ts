/**
 * From an HTTP request to `/graphql` to its answer: who is calling, whether the same operation is under way for him
 * already, and Apollo Server where it is not. It also sees to it that every operation leaves its line and its figures.
 */
import { HeaderMap, type ApolloServer, type HTTPGraphQLRequest, type HTTPGraphQLResponse } from '@apollo/server';
import type { AimlClient } from './aiml/client.ts';
import type { HangUp } from './aiml/hang-up.ts';
import type { Reads } from './aiml/reads.ts';
import { SharedWork } from './aiml/shared-work.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { Identity } from './auth/identity.ts';
import type { ErrorCode } from './graphql/errors.ts';
import type { Safelist } from './graphql/safelist.ts';
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
  /**
   * Whether identical queries under way are one. Not where other processes write for the same callers: that would show
   * what one read before another's write. Their reads are shared all the same.
   */
  readonly joinsQueries: boolean;
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

/** The HTTP layer adds the id of the request. */
const NOT_LISTED: HTTPGraphQLResponse = {
  status: 400,
  headers: new HeaderMap([['cache-control', 'no-store']]),
  body: {
    kind: 'complete',
    string: JSON.stringify({
      errors: [
        {
          message: 'The operation is not one of those that may be run here.',
          extensions: { code: 'BAD_REQUEST' satisfies ErrorCode },
        },
      ],
    }),
  },
};

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
    const { authenticator, joinsQueries, safelist, onUnlisted } = this.#options;
    if (safelist?.rejects(request)) {
      onUnlisted(request, info);
      return NOT_LISTED;
    }
    const identity = await authenticator.authenticate(info.authorization);
    const question = joinsQueries && identity.kind === 'caller' ? questionOf(request.body) : null;
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
    const { info, upstreamCalls, isUnlisted } = scope;
    this.#options.onOperation(record, { info, upstreamCalls, isShared: false, isUnlisted });
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
    const { record, isUnlisted } = scope;
    if (record) this.#options.onOperation(record, { info, upstreamCalls: 0, isShared: true, isUnlisted });
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

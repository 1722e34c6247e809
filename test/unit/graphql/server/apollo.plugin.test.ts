// The plugin in a real Apollo Server: which requests it reports, and with what.
import { ApolloServer, HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { GraphQLError, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { createApolloPlugin } from '../../../../src/graphql/server/apollo.plugin.ts';
import type { OperationRecord } from '../../../../src/observability/operation-record.ts';

interface Context {
  readonly scope: { readonly requestId: string; start(): number; end(record: OperationRecord): void };
}

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function createSchema(): GraphQLSchema {
  const fail = (code: string) => () => {
    throw new GraphQLError('failed', { extensions: { code } });
  };
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        hello: { type: GraphQLString, args: { to: { type: GraphQLString } }, resolve: () => 'hello' },
        limited: { type: GraphQLString, resolve: fail('RATE_LIMITED') },
        odd: {
          type: GraphQLString,
          resolve: () => {
            throw new Error('no code');
          },
        },
        required: { type: new GraphQLNonNull(GraphQLString), resolve: fail('FORBIDDEN') },
      },
    }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: { change: { type: GraphQLString, resolve: () => 'done' } },
    }),
  });
}

describe('the plugin of Apollo Server', () => {
  let server: ApolloServer<Context>;
  let schema: GraphQLSchema;
  let started: number;
  let ended: OperationRecord[];

  async function start(...more: ApolloServerPlugin<Context>[]): Promise<void> {
    schema = createSchema();
    server = new ApolloServer<Context>({
      schema,
      logger: quiet,
      stopOnTerminationSignals: false,
      plugins: [ApolloServerPluginCacheControlDisabled(), createApolloPlugin((errors) => [...errors]), ...more],
    });
    await server.start();
  }

  beforeEach(async () => {
    started = 0;
    ended = [];
    await start();
  });
  afterEach(() => server.stop());

  const scope: Context['scope'] = {
    requestId: 'r-1',
    start: () => {
      started += 1;
      return performance.now();
    },
    end: (record) => void ended.push(record),
  };

  const send = (
    body: unknown,
    headers: [string, string][] = [['content-type', 'application/json']],
    context = { scope },
  ) =>
    server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: 'POST', headers: new HeaderMap(headers), search: '', body },
      context: () => Promise.resolve(context),
    });

  const lastRecord = () => ended.at(-1);
  const durationMs = expect.any(Number);

  test('reports a successful operation once', async () => {
    await send({ query: 'query Greeting { hello }' });
    expect(started).toBe(1);
    expect(ended).toHaveLength(1);
    expect(lastRecord()).toEqual({
      operationName: 'Greeting',
      kind: 'query',
      outcome: 'ok',
      errorCodes: [],
      durationMs,
    });
  });

  test('distinguishes mutations from queries', async () => {
    await send({ query: 'mutation { change }' });
    expect(lastRecord()).toMatchObject({ operationName: null, kind: 'mutation', outcome: 'ok' });
  });

  test('reports each code once, and the outcome partial for data with errors', async () => {
    await send({ query: '{ hello a: limited b: limited odd }' });
    expect(lastRecord()).toMatchObject({ outcome: 'partial', errorCodes: ['RATE_LIMITED', 'INTERNAL_SERVER_ERROR'] });
  });

  test('reports the outcome error for errors without data', async () => {
    await send({ query: '{ required }' });
    expect(lastRecord()).toMatchObject({ kind: 'query', outcome: 'error', errorCodes: ['FORBIDDEN'] });
  });

  test.each([
    ['does not parse', { query: '{ hello' }, 'GRAPHQL_PARSE_FAILED', 'unknown'],
    ['does not validate', { query: '{ nothing }' }, 'GRAPHQL_VALIDATION_FAILED', 'unknown'],
    [
      'names no operation',
      { query: 'query A { hello }', operationName: 'B' },
      'OPERATION_RESOLUTION_FAILURE',
      'unknown',
    ],
    [
      'names a persisted query that is not known',
      { extensions: { persistedQuery: { version: 1, sha256Hash: 'abc' } } },
      'PERSISTED_QUERY_NOT_FOUND',
      'unknown',
    ],
    ['has no document', { operationName: 'A' }, 'BAD_REQUEST', 'unknown'],
    [
      'has an invalid variable',
      { query: 'query A($to: String!) { hello(to: $to) }', variables: { to: 5 } },
      'BAD_USER_INPUT',
      'query',
    ],
  ])('reports a request that %s', async (_what, body, code, kind) => {
    await send(body);
    expect(ended).toHaveLength(1);
    expect(lastRecord()).toMatchObject({ kind, outcome: 'error', errorCodes: [code] });
  });

  test.each([
    ['CSRF prevention', { query: '{ hello }' }, [['content-type', 'text/plain']] as [string, string][]],
    ['an invalid body', [], undefined],
  ])('does not report a request that is rejected for %s, which the HTTP layer does', async (_what, body, headers) => {
    const response = await send(body, headers);
    expect(response.status).toBe(400);
    expect(started).toBe(0);
    expect(ended).toEqual([]);
  });

  test('reports a name of 64 characters and omits a longer one', async () => {
    const name = 'N'.repeat(64);
    await send({ query: `query ${name} { hello }` });
    expect(lastRecord()?.operationName).toBe(name);
    await send({ query: `query ${name}N { hello }` });
    expect(lastRecord()?.operationName).toBeNull();
  });

  test('never breaks the response', async () => {
    const explode = () => {
      throw new Error('no more metrics');
    };
    const response = await send({ query: '{ hello }' }, undefined, {
      scope: { ...scope, start: explode, end: explode },
    });
    expect(response.status ?? 200).toBe(200);
    expect(response.body).toMatchObject({ kind: 'complete', string: '{"data":{"hello":"hello"}}\n' });
  });

  test('does not wrap the resolvers, as a hook per field would', async () => {
    const resolver = () => schema.getQueryType()?.getFields()['hello']?.resolve;
    const before = resolver();
    await send({ query: '{ hello }' });
    expect(resolver()).toBe(before);

    await server.stop();
    await start({
      requestDidStart: () =>
        Promise.resolve({ executionDidStart: () => Promise.resolve({ willResolveField: () => undefined }) }),
    });
    const unwrapped = resolver();
    await send({ query: '{ hello }' });
    expect(resolver()).not.toBe(unwrapped);
  });
});

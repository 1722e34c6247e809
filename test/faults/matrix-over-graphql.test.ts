// The main faults × every field that calls upstream, through the whole service: what is data, what is an error, and all
// extensions of each error. Each case has its own service and upstream.
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { mapAtMost } from '../support/at-most.ts';
import { resolveNothingInvalid, startFaultUpstream } from '../support/fault-upstream.ts';
import { leaksIn, withoutWrittenIds } from '../support/leaks.ts';
import { json, UPSTREAM_CANARY, UPSTREAM_REQUEST_ID } from '../support/raw-responses.ts';
import type { RawRequest } from '../support/raw-upstream.ts';
import { readSse, subscribe } from '../support/run-events.ts';
import { casesOf } from '../support/slow.ts';
import { startService, type GraphQLError, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { expectedResult, faults, type FaultCase, type Result } from './expectations.ts';
import { CALLER_CANARY, graphqlCalls, workingRead, type GraphQLCall } from './graphql-calls.ts';

const CREDENTIAL = 'sk+secret/key~of.the-service==';
/** Cases with time-outs wait most of the time. The others compute: with many at once each attempt takes long on a busy machine. */
const SLOW_CASES_AT_ONCE = 32;
const CASES_AT_ONCE = 4;
/** All cases run before the tests. The time-out allows for a busy machine. */
const RUN_TIMEOUT_MS = 600_000;

const status = (code: number): string => `status ${code}`;
/** `matrix.test.ts` has all faults, without GraphQL. */
const mainFaults = new Set([
  'closed port',
  ...[400, 401, 404, 429, 503].map(status),
  'reset before a response',
  'no response',
  '200 with truncated JSON',
  'untrusted certificate',
  'silent TLS',
  ...[402, 403, 409, 422, 408, 500].map(status),
  'status 429, out of credits',
  'status 429 with Retry-After',
  'reset before a byte is read',
  'reset in the headers',
  'reset in a body with Content-Length',
  'end in a body with Content-Length',
  'a byte at a time',
  '200 with HTML',
  '200 with null',
  '200 with a wrong shape',
  'status 204',
  'a body of 64 MB',
  'a gzip bomb',
  'truncated gzip',
  'status 302',
]);

interface Case {
  readonly fault: FaultCase;
  readonly call: GraphQLCall;
}

const selectedFaults = faults.filter(({ name }) => mainFaults.has(name));
/** Where no request works, the parent of a field cannot be read. */
const isPossible = ({ fault, call }: Case): boolean => !call.hasParent || (!fault.onConnection && !fault.address);
/** Each call meets another fault than the call before it, so that the first cases have all faults and all calls. */
const allCases = selectedFaults
  .flatMap((_, round) =>
    graphqlCalls.flatMap((call, index): Case[] => {
      const fault = selectedFaults[(index + 7 * round) % selectedFaults.length];
      return fault ? [{ fault, call }] : [];
    }),
  )
  .filter(isPossible);
const cases = casesOf(graphqlCalls.length, allCases);

interface Observation {
  readonly response: CallResponse;
  readonly attempts: number;
  readonly leaks: readonly string[];
}
interface CallResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly data?: unknown;
  readonly errors?: readonly GraphQLError[] | undefined;
}

const lineOf = ({ method, path }: RawRequest): string => `${method} ${path}`;

async function observe({ fault, call }: Case): Promise<Observation> {
  const isTarget = (request: RawRequest) => lineOf(request) === call.target;
  let hasTargetArrived = false;
  const { upstream, url } = await startFaultUpstream({
    ...fault,
    response: (socket, request) => {
      hasTargetArrived ||= isTarget(request);
      // A parent may be read at the same time as its field. A read-back follows its write.
      const isFaulty = !call.hasParent || isTarget(request) || (hasTargetArrived && call.readBack !== null);
      (isFaulty ? fault.response : json(200, workingRead(request)))(socket, request);
    },
  });
  const service = await startService({
    UPSTREAM: 'aiml',
    AIML_API_KEY: CREDENTIAL,
    AIML_API_BASE_URL: url.href,
    UPSTREAM_ATTEMPT_TIMEOUT_MS: fault.isSlow ? '2000' : '300000',
    UPSTREAM_DEADLINE_MS: '600000',
    NODE_ENV: 'production',
  });
  // The preconnected connection meets the fault as well, but is no attempt.
  if (fault.onConnection) await until(() => upstream.connections() === 1 && upstream.sockets.size === 0);
  const response = await send(service, call);
  await service.stop();
  await upstream.stop();
  const attempts = upstream.requests.slice(upstream.requests.findIndex(isTarget)).map(lineOf);
  const readBacks = resultOf({ fault, call }).outcome === 'UNKNOWN' ? [call.readBack] : [];
  return {
    response,
    attempts: fault.onConnection
      ? upstream.connections() - 1
      : attempts.filter((line) => line === call.target || readBacks.includes(line)).length,
    leaks: leaksIn([JSON.stringify(response.errors ?? []), ...withoutWrittenIds(service.logs)], {
      credential: CREDENTIAL,
      upstream: url,
      texts: [UPSTREAM_CANARY, CALLER_CANARY],
    }),
  };
}

async function send(service: TestService, { document, kind }: GraphQLCall): Promise<CallResponse> {
  if (kind !== 'subscription') return service.query(document);
  const response = await subscribe(service, {}, { query: document });
  const { value } = await readSse(response).next();
  const { data, errors } = (value ?? {}) as Pick<CallResponse, 'data' | 'errors'>;
  return { status: response.status, headers: response.headers, data, errors };
}

/** The row of the retry table. A 404 means that an object is missing, and nothing else, except on a collection. */
function resultOf({ fault, call }: Case): Result {
  const isMissing = fault.code[0] === 'NOT_FOUND' && call.notFound !== null;
  return expectedResult(isMissing ? { ...fault, except: {} } : fault, call.rule);
}

const pathOf = ({ name }: GraphQLCall): (string | number)[] =>
  name.split('.').map((segment) => (/^\d+$/.test(segment) ? Number(segment) : segment));
const valueAt = (data: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((value, segment) => (value as Record<string | number, unknown> | null)?.[segment], data);

/** The result for the client: the value of the field, or the one error without its id and message. */
function toSeen({ response: { status, headers, data, errors = [] } }: Observation, call: GraphQLCall): unknown {
  const [error, ...more] = errors;
  if (!error) return { status, value: valueAt(data, pathOf(call)) };
  const { requestId, upstream, ...extensions } = error.extensions;
  const own = upstream as { readonly status: number; readonly requestId: unknown } | undefined;
  const isAsSent = own?.requestId === null || own?.requestId === UPSTREAM_REQUEST_ID;
  return {
    status,
    path: error.path,
    extensions: { ...extensions, ...(own && { upstream: { ...own, requestId: isAsSent && 'given or null' } }) },
    hasRequestId: requestId === headers.get('x-request-id'),
    more,
  };
}

/** The expected result: an error that the client can fix in the input of a mutation is data, all others are errors. */
function expectedSeen({ fault, call }: Case): unknown {
  const result = resultOf({ fault, call });
  const { code, outcome } = result;
  const isWrite = call.kind === 'mutation';
  const withUserErrors = (...userErrors: readonly object[]) => ({ status: 200, value: { userErrors } });
  if (code === null) return withUserErrors();
  if (code === 'NOT_FOUND' && call.notFound?.as === 'null') return { status: 200, value: null };
  if (code === 'NOT_FOUND' && call.notFound?.as === 'userError')
    return withUserErrors({ code, field: ['input', call.notFound.field] });
  if (isWrite && code === 'BAD_USER_INPUT') return withUserErrors({ code: 'REJECTED_BY_UPSTREAM', field: null });
  const isPlain = call.notFound?.as === 'error' && !call.notFound.hasUpstream && code === 'NOT_FOUND';
  return {
    status: 200,
    path: pathOf(call),
    extensions: {
      code: code === 'NOT_FOUND' ? 'BAD_USER_INPUT' : code,
      ...(!isPlain && {
        retryable: result.retryable,
        ...(fault.retryAfterMs !== undefined && { retryAfterMs: fault.retryAfterMs }),
        ...(outcome && { outcome }),
        ...(result.status !== null && { upstream: { status: result.status, requestId: 'given or null' } }),
      }),
    },
    hasRequestId: true,
    more: [],
  };
}

const observations = new Map<Case, Observation>();

beforeAll(async () => {
  resolveNothingInvalid();
  // Cases with time-outs run without other cases, which would delay their attempts.
  for (const isSlow of [true, false])
    await mapAtMost(
      isSlow ? SLOW_CASES_AT_ONCE : CASES_AT_ONCE,
      cases.filter(({ fault }) => fault.isSlow === isSlow),
      async (one) => {
        observations.set(one, await observe(one));
      },
    );
}, RUN_TIMEOUT_MS);

test('all main faults exist', () => {
  expect(selectedFaults.map(({ name }) => name).sort()).toEqual([...mainFaults].sort());
});

test('every field of the schema that calls upstream is among the calls', async () => {
  const schema = buildSchema(await readFile('schema/schema.graphql', 'utf8'), { assumeValid: true });
  const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}),
  );
  // `nodes` reads like `node`. Only the embedded AIML API lists threads, and it stages no faults.
  const others = ['nodes', 'threads'];
  const names = graphqlCalls.map(({ name }) => name).filter((name) => !name.includes('.'));
  expect([...names, ...others].sort()).toEqual(fields.sort());
});

const byFault = selectedFaults
  .map((fault) => ({ name: fault.name, own: cases.filter((one) => one.fault === fault) }))
  .filter(({ own }) => own.length > 0);
const observed = (own: readonly Case[], select: (observation: Observation, call: GraphQLCall) => unknown) =>
  Object.fromEntries(
    own.map((one) => {
      const observation = observations.get(one);
      return [one.call.name, observation && select(observation, one.call)];
    }),
  );
const byCall = (own: readonly Case[], expected: (one: Case) => unknown) =>
  Object.fromEntries(own.map((one) => [one.call.name, expected(one)]));

describe.each(byFault)('upstream with the fault: $name', ({ own }) => {
  test('clients get the data or the error of the contract, with all extensions', () => {
    expect(observed(own, toSeen)).toEqual(byCall(own, expectedSeen));
  });

  test('upstream gets the requests of the contract', () => {
    expect(observed(own, ({ attempts }) => attempts)).toEqual(
      byCall(own, (one) => {
        const { attempts, readBacks } = resultOf(one);
        return one.fault.ending === 'NOT_SENT' ? 0 : attempts + readBacks;
      }),
    );
  });

  test('no error and no log entry contains the key, the address or the body of upstream, or a value of the caller', () => {
    expect(observed(own, ({ leaks }) => leaks)).toEqual(byCall(own, () => []));
  });
});

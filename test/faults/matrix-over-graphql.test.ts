// The main faults × every operation through the whole service: what is data, what is an error, and all extensions of
// each error. Each case has its own service and upstream.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { mapAtMost } from '../support/at-most.ts';
import { resolveNothingInvalid, startFaultUpstream } from '../support/fault-upstream.ts';
import { leaksIn, withoutWrittenIds } from '../support/leaks.ts';
import { UPSTREAM_CANARY, UPSTREAM_REQUEST_ID } from '../support/raw-responses.ts';
import { casesOf } from '../support/slow.ts';
import { startService, type GraphQLHttpResponse } from '../support/service.ts';
import { until } from '../support/until.ts';
import { expectedResult, faults, operations, type FaultCase, type Operation } from './expectations.ts';

const CREDENTIAL = 'sk+secret/key~of.the-service==';
const CALLER_CANARY = 'canary-of-caller';
const ID = 'asst_canary-of-caller';
const CASES_AT_ONCE = 32;
/** All cases run before the tests. The time-out allows for a busy machine. */
const RUN_TIMEOUT_MS = 300_000;

const status = (code: number): string => `status ${code}`;
const faultNames = [
  'closed port',
  ...[400, 401, 404, 429, 503].map(status),
  'reset before a response',
  'no response',
  '200 with truncated JSON',
  'untrusted certificate',
  'silent TLS',
  ...[402, 403, 409, 422, 408, 500].map(status),
  'status 429, out of credits',
  'reset before a byte is read',
  'reset in the headers',
  'end in a body with Content-Length',
  '200 with null',
  'status 204',
  'a body of 64 MB',
  'a gzip bomb',
  'status 302',
];
/** `matrix.test.ts` has all faults, without GraphQL. */
const mainFaults = new Set(casesOf(9, faultNames));

const documents: Record<Operation, string> = {
  get: 'query ($id: ID!) { assistant(id: $id) { id } }',
  list: '{ assistants(first: 1) { nodes { id } } }',
  create:
    'mutation ($text: String!) { createAssistant(input: { model: "m", name: $text }) { assistant { id } userErrors { code field } } }',
  modify:
    'mutation ($id: ID!, $text: String!) { updateAssistant(input: { id: $id, name: $text }) { assistant { id } userErrors { code field } } }',
  delete: 'mutation ($id: ID!) { deleteAssistant(input: { id: $id }) { userErrors { code field } } }',
};
const rootFields: Record<Operation, string> = {
  get: 'assistant',
  list: 'assistants',
  create: 'createAssistant',
  modify: 'updateAssistant',
  delete: 'deleteAssistant',
};

interface Observation {
  readonly response: GraphQLHttpResponse;
  readonly attempts: number;
  readonly leaks: readonly string[];
}

async function observe(fault: FaultCase, operation: Operation): Promise<Observation> {
  const { upstream, url } = await startFaultUpstream(fault);
  const service = await startService({
    UPSTREAM: 'aiml',
    AIML_API_KEY: CREDENTIAL,
    AIML_API_BASE_URL: url.href,
    UPSTREAM_ATTEMPT_TIMEOUT_MS: fault.isSlow ? '2000' : '100000',
    UPSTREAM_DEADLINE_MS: '200000',
    NODE_ENV: 'production',
  });
  // The preconnected connection meets the fault as well, but is no attempt.
  if (fault.onConnection) await until(() => upstream.connections() === 1 && upstream.sockets.size === 0);
  const variables = { id: ID, text: CALLER_CANARY };
  const response = await service.query(documents[operation], variables);
  await service.stop();
  await upstream.stop();
  return {
    response,
    attempts: fault.onConnection ? upstream.connections() - 1 : upstream.requests.length,
    leaks: leaksIn([JSON.stringify(response.errors ?? []), ...withoutWrittenIds(service.logs)], {
      credential: CREDENTIAL,
      upstream: url,
      texts: [UPSTREAM_CANARY, CALLER_CANARY],
    }),
  };
}

/** The result for the client: the payload, or the one error without its id and message. */
function toSeen({ response: { status, headers, data, errors = [] } }: Observation, operation: Operation): unknown {
  const [error, ...more] = errors;
  if (!error) return { status, data: data?.[rootFields[operation]] };
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
function expectedSeen(fault: FaultCase, operation: Operation): unknown {
  const { code, retryable, outcome, status } = expectedResult(fault, operation);
  const isWrite = operation !== 'get' && operation !== 'list';
  if (code === null) return { status: 200, data: expect.objectContaining(isWrite ? { userErrors: [] } : {}) };
  if (code === 'NOT_FOUND' && !isWrite) return { status: 200, data: null };
  if (isWrite && code === 'NOT_FOUND')
    return { status: 200, data: expect.objectContaining({ userErrors: [{ code, field: ['input', 'id'] }] }) };
  if (isWrite && code === 'BAD_USER_INPUT')
    return {
      status: 200,
      data: expect.objectContaining({ userErrors: [{ code: 'REJECTED_BY_UPSTREAM', field: null }] }),
    };
  return {
    status: 200,
    path: [rootFields[operation]],
    extensions: {
      code,
      retryable,
      ...(outcome && { outcome }),
      ...(status !== null && { upstream: { status, requestId: 'given or null' } }),
    },
    hasRequestId: true,
    more: [],
  };
}

const observations = new Map<string, Observation>();
const key = (fault: FaultCase, operation: Operation) => `${fault.name}: ${operation}`;
const cases = faults.filter(({ name }) => mainFaults.has(name));

beforeAll(async () => {
  resolveNothingInvalid();
  // Cases with time-outs run without other cases, which would delay their attempts.
  for (const isSlow of [true, false]) {
    const selected = cases.filter((fault) => fault.isSlow === isSlow);
    const all = selected.flatMap((fault) => operations.map((operation) => ({ fault, operation })));
    await mapAtMost(CASES_AT_ONCE, all, async ({ fault, operation }) => {
      observations.set(key(fault, operation), await observe(fault, operation));
    });
  }
}, RUN_TIMEOUT_MS);

const inAll = (fault: FaultCase, select: (operation: Operation, observation: Observation) => unknown) =>
  Object.fromEntries(
    operations.map((operation) => {
      const observation = observations.get(key(fault, operation));
      return [operation, observation && select(operation, observation)];
    }),
  );
const forAll = (expected: (operation: Operation) => unknown) =>
  Object.fromEntries(operations.map((operation) => [operation, expected(operation)]));

test('all main faults exist', () => {
  expect(cases.map(({ name }) => name).sort()).toEqual([...mainFaults].sort());
});

describe.each(cases)('upstream with the fault: $name', (fault) => {
  test('clients get the data or the error of the contract, with all extensions', () => {
    expect(inAll(fault, (operation, observation) => toSeen(observation, operation))).toEqual(
      forAll((operation) => expectedSeen(fault, operation)),
    );
  });

  test('upstream gets the requests of the contract', () => {
    expect(inAll(fault, (_operation, { attempts }) => attempts)).toEqual(
      forAll((operation) => {
        const { attempts, readBacks } = expectedResult(fault, operation);
        return fault.ending === 'NOT_SENT' ? 0 : attempts + readBacks;
      }),
    );
  });

  test('no error and no log entry contains the key, the address or the body of upstream, or a value of the caller', () => {
    expect(inAll(fault, (_operation, { leaks }) => leaks)).toEqual(forAll(() => []));
  });
});

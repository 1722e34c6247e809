// Every fault × every operation through the data source and a real client: the error, the outcome of a write, and the
// number of requests to upstream. Each case has its own client and upstream.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { AimlClient } from '../../src/aiml/client.ts';
import type { AttemptMetrics } from '../../src/observability/metrics.ts';
import { createAssistantResource, type AssistantResource, createContext } from '../support/source.ts';
import { ReadThroughCache } from '../../src/aiml/cache/read-through.ts';
import { PublicError } from '../../src/runtime/errors.ts';
import { mapAtMost } from '../support/at-most.ts';
import { resolveNothingInvalid, startFaultUpstream } from '../support/fault-upstream.ts';
import { leaksIn } from '../support/leaks.ts';
import { UPSTREAM_CANARY, UPSTREAM_REQUEST_ID } from '../support/raw-responses.ts';
import { casesOf } from '../support/slow.ts';
import { expectedResult, faults, type FaultCase, type Operation, type Result } from './expectations.ts';

const CREDENTIAL = 'sk+secret/key~of.the-caller==';
const CALLER_CANARY = 'canary-of-caller';
const CASES_AT_ONCE = 40;
/** All cases run before the tests. The time-out allows for a busy machine. */
const RUN_TIMEOUT_MS = 300_000;
/** Long enough for a request to be sent on a busy machine. */
const SLOW_ATTEMPT_MS = 2000;

interface Observation {
  readonly result: Result;
  readonly upstreamRequestId: string | null | undefined;
  /** The requests that upstream received. */
  readonly arrived: number;
  readonly sent: number;
  /** The requests for other paths than the operation's. */
  readonly strayRequests: readonly string[];
  readonly leaks: readonly string[];
}

const run: Record<Operation, (source: AssistantResource) => Promise<unknown>> = {
  get: (source) => source.get('asst_1'),
  list: (source) => source.list({ limit: 2, order: 'desc', after: null }),
  create: (source) => source.create({ model: 'm', name: CALLER_CANARY }),
  modify: (source) => source.modify('asst_1', { name: CALLER_CANARY }),
  delete: (source) => source.delete('asst_1'),
};
const calls: Record<Operation, readonly [method: string, path: string]> = {
  get: ['GET', '/assistants/asst_1'],
  list: ['GET', '/assistants'],
  create: ['POST', '/assistants'],
  modify: ['POST', '/assistants/asst_1'],
  delete: ['DELETE', '/assistants/asst_1'],
};

async function observe(fault: FaultCase, operation: Operation): Promise<Observation> {
  const { upstream, url } = await startFaultUpstream(fault);
  const reports: AttemptMetrics[] = [];
  const client = new AimlClient({
    baseUrl: url,
    connections: 4,
    attemptTimeoutMs: fault.isSlow ? SLOW_ATTEMPT_MS : 100_000,
    onAttempt: (report) => reports.push(report),
  });
  const source = createAssistantResource({
    client,
    reads: new ReadThroughCache(client, { cacheTtlMs: 0 }),
    context: createContext({ credential: CREDENTIAL, deadlineAt: performance.now() + 200_000 }),
  });
  if (fault.isSlow && fault.address === undefined) await client.preconnect();
  const error: unknown = await run[operation](source).then(
    () => null,
    (reason: unknown) => reason,
  );
  await client.close();
  await upstream.stop();
  if (error !== null && !(error instanceof PublicError)) throw new Error('not a PublicError', { cause: error });
  const isReadBack = ({ call }: AttemptMetrics) => operation === 'modify' && call === 'assistants.get';
  const [method, path] = calls[operation];
  return {
    result: {
      code: error?.code ?? null,
      retryable: error?.details.retryable ?? null,
      status: error?.details.upstream?.status ?? null,
      outcome: error?.details.outcome ?? null,
      attempts: reports.filter((report) => !isReadBack(report)).length,
      readBacks: reports.filter(isReadBack).length,
    },
    upstreamRequestId: error?.details.upstream?.requestId,
    arrived: fault.onConnection ? upstream.connections() : upstream.requests.length,
    sent: reports.filter(({ kind }) => kind !== 'NOT_SENT').length,
    strayRequests: upstream.requests
      .filter((request) => request.path !== path || (request.method !== method && request.method !== 'GET'))
      .map((request) => `${request.method} ${request.path}`),
    leaks: leaksIn([error?.details ?? '', error?.message ?? '', error?.stack ?? ''], {
      credential: CREDENTIAL,
      upstream: url,
      texts: [UPSTREAM_CANARY, CALLER_CANARY],
    }),
  };
}

/** The fast tests have a read, a write without and a write with a read-back. */
const operations = casesOf<Operation>(3, ['get', 'create', 'modify', 'list', 'delete']);

const key = (fault: FaultCase, operation: Operation) => `${fault.name}: ${operation}`;
const observations = new Map<string, Observation>();

beforeAll(async () => {
  resolveNothingInvalid();
  // Cases with time-outs run without other cases, which would delay their attempts.
  for (const isSlow of [true, false]) {
    const cases = faults.filter((fault) => fault.isSlow === isSlow);
    const all = cases.flatMap((fault) => operations.map((operation) => ({ fault, operation })));
    await mapAtMost(CASES_AT_ONCE, all, async ({ fault, operation }) => {
      observations.set(key(fault, operation), await observe(fault, operation));
    });
  }
}, RUN_TIMEOUT_MS);

const observed = (fault: FaultCase, select: (observation: Observation) => unknown) =>
  Object.fromEntries(
    operations.map((operation) => {
      const observation = observations.get(key(fault, operation));
      return [operation, observation && select(observation)];
    }),
  );
const forAll = (expected: (operation: Operation) => unknown) =>
  Object.fromEntries(operations.map((operation) => [operation, expected(operation)]));

describe.each(faults)('upstream with the fault: $name', (fault) => {
  test('every operation has the attempts and the error of the contract', () => {
    expect(observed(fault, ({ result }) => result)).toEqual(forAll((operation) => expectedResult(fault, operation)));
  });

  test('upstream gets the attempts that were sent and no other request', () => {
    expect(observed(fault, ({ arrived, strayRequests }) => ({ arrived, strayRequests }))).toEqual(
      observed(fault, ({ sent }) => ({ arrived: sent, strayRequests: [] })),
    );
  });

  test('no error contains the credential, the address or the body of upstream, or a value of the caller', () => {
    expect(observed(fault, ({ leaks }) => leaks)).toEqual(forAll(() => []));
  });
});

test("upstream's request id is passed on if it sent one", () => {
  const named = (name: string) =>
    faults
      .filter((fault) => fault.name === name)
      .map((fault) => observed(fault, ({ upstreamRequestId }) => upstreamRequestId));
  expect([...named('status 503'), ...named('status 401')]).toEqual(Array(2).fill(forAll(() => UPSTREAM_REQUEST_ID)));
});

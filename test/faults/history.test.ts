// Mixed operations under every kind of fault and an outage. Afterwards the store contains every acknowledged write
// exactly once and none that was reported as NOT_APPLIED.
//
// FAULT_OPERATIONS sets the number of operations, FAULT_SEED repeats a run. A failure reports the seed.
//
// FAULT_OPERATIONS sets how many, FAULT_SEED repeats a run; a failure reports the seed.
import { afterEach, describe, expect, test } from '@jest/globals';
import { AimlClient } from '../../src/aiml/client.ts';
import { createAssistantResource, createContext } from '../support/source.ts';
import { ReadThroughCache } from '../../src/aiml/cache/read-through.ts';
import { leaksIn } from '../support/leaks.ts';
import { UPSTREAM_CANARY } from '../support/raw-responses.ts';
import { startRawUpstream, type RawUpstream } from '../support/raw-upstream.ts';
import { amountOf } from '../support/slow.ts';
import { startService } from '../support/service.ts';
import { createFaultyStore, commonMishaps, type FaultyStore } from './history/faulty-store.ts';
import { writeHistory, type History } from './history/history.ts';
import { createServiceTarget, createSourceTarget, type Target } from './history/target.ts';

const OPERATIONS = amountOf('FAULT_OPERATIONS', { fast: 300, slow: 1500 });
const SEED = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000_000);
/** Far more than the operations take, even on a busy machine. */
const TIMEOUT_MS = 120_000 + OPERATIONS * 150;
const CREDENTIAL = 'sk+secret/key~of.the-history==';
const ATTEMPT_TIMEOUT_MS = 1500;
const DEADLINE_MS = 30_000;
const CONNECTIONS = 64;
const OUTCOMES = ['ACKNOWLEDGED', 'NOT_APPLIED', 'UNKNOWN'] as const;
/** The other outcomes are rare, so that a short run may not have them. */
const OUTCOMES_OF_SHORT_RUNS = ['ACKNOWLEDGED'] as const;

interface Open {
  readonly target: Target;
  readonly logs: readonly object[];
  readonly stop: () => Promise<void>;
}

function openSource({ url }: RawUpstream): Promise<Open> {
  const client = new AimlClient({
    baseUrl: new URL(url),
    connections: CONNECTIONS,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
  });
  const another = () =>
    createAssistantResource({
      client,
      reads: new ReadThroughCache(client, { cacheTtlMs: 0 }),
      context: createContext({ credential: CREDENTIAL, deadlineAt: performance.now() + DEADLINE_MS }),
    });
  return Promise.resolve({ target: createSourceTarget(another), logs: [], stop: () => client.close() });
}

async function openService({ url }: RawUpstream): Promise<Open> {
  const service = await startService({
    UPSTREAM: 'aiml',
    AIML_API_KEY: CREDENTIAL,
    AIML_API_BASE_URL: url,
    UPSTREAM_ATTEMPT_TIMEOUT_MS: String(ATTEMPT_TIMEOUT_MS),
    UPSTREAM_DEADLINE_MS: String(DEADLINE_MS),
    UPSTREAM_CONNECTIONS: String(CONNECTIONS),
  });
  return { target: createServiceTarget(service), logs: service.logs, stop: () => service.stop() };
}

let upstream: RawUpstream;
let opened: Open;

afterEach(async () => {
  await upstream.stop();
  await opened.stop();
});

async function run(open: (upstream: RawUpstream) => Promise<Open>): Promise<{ store: FaultyStore; history: History }> {
  const store = createFaultyStore(SEED);
  upstream = await startRawUpstream({ response: store.response });
  opened = await open(upstream);
  return { store, history: await writeHistory(opened.target, store, OPERATIONS, SEED) };
}

describe.each([
  ['the data source', openSource],
  ['the service', openService],
])('a history of operations through %s', (_name, open) => {
  test(
    'applies every acknowledged write once, and no write that was reported as not applied',
    async () => {
      const { store, history } = await run(open);
      const { reported, reads, violations } = history;
      expect({ seed: SEED, violations }).toEqual({ seed: SEED, violations: [] });

      // A run without faults would prove nothing.
      const outcomes = new Set(reported.map(({ outcome }) => outcome));
      const isShort = OPERATIONS < 1000;
      const missed = [
        ...(isShort ? OUTCOMES_OF_SHORT_RUNS : OUTCOMES).filter((outcome) => !outcomes.has(outcome)),
        ...(isShort ? [] : commonMishaps).filter((mishap) => !store.happened.has(mishap)),
        ...(reads.succeeded === 0 ? ['a read that succeeded'] : []),
      ];
      expect({ seed: SEED, missed }).toEqual({ seed: SEED, missed: [] });
      expect(store.happened.size).toBeGreaterThan(3);

      const leaks = leaksIn([...opened.target.failures, ...opened.logs], {
        credential: CREDENTIAL,
        upstream: new URL(upstream.url),
        texts: [UPSTREAM_CANARY, 'op-'],
      });
      expect({ seed: SEED, leaks }).toEqual({ seed: SEED, leaks: [] });
    },
    TIMEOUT_MS,
  );
});

// A data source with a real client, on an upstream on bare sockets.
import type { UpstreamContext } from '../../src/aiml/call.ts';
import { AimlClient, type AimlClientOptions } from '../../src/aiml/client.ts';
import type { AttemptMetrics } from '../../src/observability/metrics.ts';
import { IdempotencyKeys } from '../../src/aiml/idempotency-keys.ts';
import { ReadThroughCache } from '../../src/aiml/cache/read-through.ts';
import { Resource, type CallAccess } from '../../src/aiml/resource.ts';
import {
  assistants,
  type WireAssistant,
  type WireAssistantCreateBody,
  type WireAssistantModifyBody,
} from '../../src/aiml/resources/assistant.ts';
import { CancellationToken } from '../../src/runtime/cancellation.ts';
import { PublicError, type PublicErrorDetails } from '../../src/runtime/errors.ts';
import { startRawUpstream, type RawResponse, type RawUpstream } from './raw-upstream.ts';

export type AssistantResource = Resource<WireAssistant, WireAssistantCreateBody, WireAssistantModifyBody>;

/** Shared by all tests because it is large to create. */
const idempotencyKeys = new IdempotencyKeys();

/** The context of one request, with a minute until its deadline. */
export const createContext = (fields: Partial<UpstreamContext> = {}): UpstreamContext => ({
  tenant: 'the-tenant',
  subject: 'the-tenant',
  credential: 'the-key',
  requestId: 'request-1',
  cancel: new CancellationToken(),
  deadlineAt: performance.now() + 60_000,
  ...fields,
});

/** For an upstream that does not support idempotency keys. */
export const createAssistantResource = (
  access: Omit<CallAccess, 'idempotencyKeys' | 'isEmbedded'>,
): AssistantResource => new Resource(assistants, { ...access, idempotencyKeys, isEmbedded: false });

export interface SourceOptions extends Partial<Omit<AimlClientOptions, 'onAttempt'>> {
  readonly deadlineMs?: number;
}

export interface TestSource {
  readonly upstream: RawUpstream;
  readonly client: AimlClient;
  readonly source: AssistantResource;
  readonly reports: readonly AttemptMetrics[];
  /** `POST /assistants/x` and the like, in the order of arrival. */
  readonly lines: () => string[];
  /** Cancels all requests. */
  readonly cancel: () => void;
  /** A source for another request, with the same client. */
  readonly another: (deadlineMs?: number) => AssistantResource;
}

const open: { client: AimlClient; upstream: RawUpstream }[] = [];

/** Stopped by {@link endSources}. */
export async function startSource(
  response: RawResponse,
  { deadlineMs = 20_000, ...options }: SourceOptions = {},
): Promise<TestSource> {
  const upstream = await startRawUpstream({ response });
  const reports: AttemptMetrics[] = [];
  const client = new AimlClient({
    baseUrl: new URL(upstream.url),
    connections: 16,
    attemptTimeoutMs: 20_000,
    onAttempt: (report) => reports.push(report),
    ...options,
  });
  open.push({ client, upstream });
  const callers: CancellationToken[] = [];
  const another = (otherDeadlineMs = deadlineMs) => {
    const caller = new CancellationToken();
    callers.push(caller);
    return createAssistantResource({
      client,
      reads: new ReadThroughCache(client, { cacheTtlMs: 0 }),
      context: createContext({ cancel: caller, deadlineAt: performance.now() + otherDeadlineMs }),
    });
  };
  return {
    upstream,
    client,
    source: another(),
    reports,
    lines: () => upstream.requests.map(({ method, path }) => `${method} ${path}`),
    cancel: () => callers.forEach((caller) => caller.cancel()),
    another,
  };
}

/** For `afterEach`. Stops the upstream first, so that no call stays pending. */
export async function endSources(): Promise<void> {
  for (const { client, upstream } of open.splice(0)) {
    await upstream.stop();
    await client.close();
  }
}

/** The details of the PublicError that the call rejects with. */
export async function failureOf(call: Promise<unknown>): Promise<PublicErrorDetails> {
  const reason: unknown = await call.then(
    () => new Error('the call succeeded'),
    (error: unknown) => error,
  );
  if (!(reason instanceof PublicError)) throw new Error('not a PublicError', { cause: reason });
  return reason.details;
}

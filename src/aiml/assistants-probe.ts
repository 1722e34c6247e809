/** Finds out whether the account of the service's own key still has assistants at the AIML API. */
import { CancellationToken } from '../runtime/cancellation.ts';
import type { AimlClient } from './client.ts';

interface ProbeOptions {
  readonly credential: string;
  /** In log entries and in upstream's logs. */
  readonly requestId: string;
  readonly timeoutMs: number;
}

/** One request without a retry. False if upstream has no such collection (404, 410); true in every other case. */
export async function hasAssistants(
  client: AimlClient,
  { credential, requestId, timeoutMs }: ProbeOptions,
): Promise<boolean> {
  const attempt = await client.tryOnce(
    {
      name: 'assistants.list',
      noun: 'assistant',
      rule: 'get',
      path: '/assistants?limit=1',
      notFoundMeansSunset: true,
      read: () => null,
    },
    {
      credential,
      tenant: 'probe',
      subject: 'probe',
      requestId,
      cancel: new CancellationToken(),
      deadlineAt: performance.now() + timeoutMs,
    },
  );
  return attempt.status !== 404 && attempt.status !== 410;
}

/** Determines why upstream rejected a write in a thread: which id does not exist, or that a run is in progress. */
import { PublicError } from '../../runtime/errors.ts';
import { hasEnded } from '../../aiml/resources/run.ts';
import type { RequestContext } from '../server/request-context.ts';
import { notFound } from '../schema/mutation.ts';
import { UserError } from '../schema/payload.type.ts';

type Upstream = RequestContext['upstream'];

/**
 * NOT_FOUND at `threadId` if upstream has no such thread, otherwise at `field`. Assumes that the thread exists if it cannot be
 * read.
 */
export async function findMissingId(upstream: Upstream, threadId: string, field = 'id'): Promise<UserError> {
  try {
    return (await upstream.threads.reload(threadId)) ? notFound(field) : notFound('threadId');
  } catch (error) {
    if (error instanceof PublicError) return notFound(field);
    throw error;
  }
}

/** What the Assistants API says of a thread with a run in progress. */
const BUSY = /^Thread \S+ already has an active run\b|^Can't add messages to \S+ while a run \S+ is active\b/;

/**
 * THREAD_BUSY if that is upstream's reason, or else if the newest run of the thread has not ended. The reason is looked at first
 * because the run may end before it is read.
 */
export async function diagnoseBusyThread(
  upstream: Upstream,
  threadId: string,
  reason: string | null,
): Promise<UserError | null> {
  if (!BUSY.test(reason ?? '')) {
    const { data } = await upstream.runs(threadId).list({ limit: 1, order: 'desc', after: null });
    const newest = data[0];
    if (!newest || hasEnded(newest.status)) return null;
  }
  return new UserError(
    'THREAD_BUSY',
    ['input', 'threadId'],
    'The thread has a run in progress: wait for it, submit its tool outputs, or cancel it.',
  );
}

export const wrongState = (field: string, message: string): UserError =>
  new UserError('WRONG_STATE', ['input', field], message);

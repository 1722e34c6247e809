/** Determines why upstream rejected a write in a thread: which id does not exist, or that a run is in progress. */
import { PublicError } from '../../runtime/errors.ts';
import { hasEnded } from '../../aiml/resources/run.ts';
import type { RequestContext } from '../server/request-context.ts';
import { notFound } from '../schema/mutation.ts';
import { UserError } from '../schema/user-error.ts';

type Upstream = RequestContext['upstream'];

/** NOT_FOUND at `threadId` if upstream has no such thread, otherwise at `field`. */
export async function diagnoseNotFound(
  upstream: Upstream,
  threadId: string,
  { code }: PublicError,
  field = 'id',
): Promise<UserError | null> {
  if (code !== 'NOT_FOUND') return null;
  return (await upstream.threads.reload(threadId)) ? notFound(field) : notFound('threadId');
}

/** The same after a read that found nothing. Assumes that the thread exists if it cannot be read. */
export async function findMissingId(upstream: Upstream, threadId: string, field = 'id'): Promise<UserError> {
  try {
    return (await upstream.threads.reload(threadId)) ? notFound(field) : notFound('threadId');
  } catch (error) {
    if (error instanceof PublicError) return notFound(field);
    throw error;
  }
}

/** THREAD_BUSY if the newest run of the thread has not ended, NOT_FOUND as {@link diagnoseNotFound}. */
export async function diagnoseBusyThread(
  upstream: Upstream,
  threadId: string,
  error: PublicError,
  field = 'threadId',
): Promise<UserError | null> {
  if (error.code === 'NOT_FOUND') return diagnoseNotFound(upstream, threadId, error, field);
  const { data } = await upstream.runs(threadId).list({ limit: 1, order: 'desc', after: null });
  const newest = data[0];
  if (!newest || hasEnded(newest.status)) return null;
  return new UserError(
    'THREAD_BUSY',
    ['input', 'threadId'],
    'The thread has a run in progress: wait for it, submit its tool outputs, or cancel it.',
  );
}

export const wrongState = (field: string, message: string): UserError =>
  new UserError('WRONG_STATE', ['input', field], message);

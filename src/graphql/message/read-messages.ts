/** Reads a page of the messages of a thread or of one of its runs. */
import type { RequestContext } from '../server/request-context.ts';
import { requireIds } from '../schema/ids.ts';
import { readConnection } from '../schema/connection.type.ts';
import type { OldestFirstPageArguments } from '../schema/pagination.ts';
import { Message, MessageConnection } from './message.type.ts';

/** With `runId`, only messages that this run wrote. */
export async function readMessages(
  upstream: RequestContext['upstream'],
  threadId: string,
  args: OldestFirstPageArguments,
  runId: string | null | undefined,
): Promise<MessageConnection> {
  const isFiltered = runId !== null && runId !== undefined;
  if (isFiltered) requireIds('runId', runId);
  return readConnection(
    MessageConnection,
    args,
    (query) => upstream.messages(threadId).list(isFiltered ? { ...query, filter: { run_id: runId } } : query),
    (wire) => new Message(wire),
  );
}

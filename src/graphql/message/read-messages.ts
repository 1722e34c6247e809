/** Reads a page of the messages of a thread or of one of its runs. */
import type { RequestContext } from '../server/request-context.ts';
import { requireIds } from '../schema/ids.ts';
import { readPage, toPageRequest, type OldestFirstPageArguments } from '../schema/pagination.ts';
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
  const page = await readPage(toPageRequest(args), (query) =>
    upstream.messages(threadId).list(isFiltered ? { ...query, filter: { run_id: runId } } : query),
  );
  return new MessageConnection(
    page.items.map((wire) => new Message(wire)),
    page,
  );
}

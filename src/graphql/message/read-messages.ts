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
  if (runId !== null && runId !== undefined) requireIds('runId', runId);
  const filter = runId === null || runId === undefined ? {} : { run_id: runId };
  const page = await readPage(toPageRequest(args), (query) => upstream.messages(threadId).list({ ...query, filter }));
  return new MessageConnection(
    page.items.map((wire) => new Message(wire)),
    page,
  );
}

/** The threads of the account, newest first, read page by page. */
import { ChatThreadsDocument, type ChatThreadsQuery } from './generated/graphql.ts';
import { GraphQLError, type GraphQLClient } from './graphql-client.ts';
import { readStoredThreads, type StoredThread } from './stored-threads.ts';
import { toDayAndTimeText } from './time.ts';

interface ListedThread extends StoredThread {
  /** Null for a thread that was not read from the service's list. */
  readonly cursor: string | null;
}

export interface ThreadList {
  readonly threads: readonly ListedThread[];
  /** Whether the service has threads behind the last one. */
  readonly hasMore: boolean;
}

const PAGE_SIZE = 50;

/**
 * The AIML API cannot list threads: then those that this browser began with an assistant of the account. Another account may
 * have used the same browser.
 */
export async function readThreads(
  client: GraphQLClient,
  assistants: Promise<readonly { readonly id: string }[]>,
): Promise<ThreadList> {
  try {
    return toThreadList(await readPage(client, null));
  } catch (error) {
    if (!(error instanceof GraphQLError && error.code === 'UNSUPPORTED_BY_UPSTREAM')) throw error;
    const ids = new Set((await assistants).map(({ id }) => id));
    const threads = readStoredThreads().filter(({ assistantId }) => ids.has(assistantId));
    return { threads: threads.map((thread) => ({ ...thread, cursor: null })), hasMore: false };
  }
}

/** A page of threads that are not in `known`, or a little more. */
export async function readMoreThreads(client: GraphQLClient, known: readonly ListedThread[]): Promise<ThreadList> {
  const ids = new Set(known.map(({ id }) => id));
  const added: ListedThread[] = [];
  let after = known.findLast(({ cursor }) => cursor !== null)?.cursor ?? null;
  for (;;) {
    const page = await readPage(client, after).catch((error: unknown) => {
      if (after !== null && error instanceof GraphQLError && error.reason === 'CURSOR_UNKNOWN') return null;
      throw error;
    });
    if (page === null) {
      // The thread of the cursor was deleted elsewhere: the list is read from its start.
      after = null;
      continue;
    }
    const { threads, hasMore } = toThreadList(page);
    for (const thread of threads) if (!ids.has(thread.id)) added.push(thread);
    if (added.length >= PAGE_SIZE || !hasMore) return { threads: added, hasMore };
    after = page.pageInfo.endCursor;
  }
}

/** Each thread is listed once, although the list may have changed while the page was read. */
export function withMoreThreads({ threads }: ThreadList, more: ThreadList): ThreadList {
  const ids = new Set(threads.map(({ id }) => id));
  return { threads: [...threads, ...more.threads.filter(({ id }) => !ids.has(id))], hasMore: more.hasMore };
}

type ThreadPage = ChatThreadsQuery['threads'];

const readPage = async (client: GraphQLClient, after: string | null): Promise<ThreadPage> =>
  (await client.execute(ChatThreadsDocument, { first: PAGE_SIZE, after })).threads;

const toThreadList = ({ edges, pageInfo }: ThreadPage): ThreadList => ({
  threads: edges.map(({ cursor, node: { id, metadata, createdAt } }) => ({
    id,
    cursor,
    title: metadata['title'] ?? `Conversation of ${toDayAndTimeText(createdAt)}`,
    assistantId: metadata['assistant_id'] ?? '',
  })),
  hasMore: pageInfo.hasNextPage,
});

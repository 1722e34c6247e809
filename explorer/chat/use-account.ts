/** The assistants and threads of the account, and whether the service knows the caller. */
import { useCallback, useEffect, useState } from 'react';
import type { Assistant } from './assistant-details.tsx';
import { ChatAssistantsDocument, ChatDeleteThreadDocument } from './generated/graphql.ts';
import { GraphQLError, type GraphQLClient } from './graphql-client.ts';
import { forgetThread, storeThread, type StoredThread } from './stored-threads.ts';
import { readMoreThreads, readThreads, withMoreThreads, type ThreadList } from './thread-list.ts';

type AccountState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'unauthenticated'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'ready'; readonly assistants: readonly Assistant[]; readonly threads: ThreadList };

interface Account {
  readonly state: AccountState;
  readonly reload: () => void;
  readonly addAssistant: (assistant: Assistant) => void;
  readonly removeAssistant: (id: string) => void;
  readonly addThread: (thread: StoredThread) => void;
  /** Throws with a message for the user. A thread that does not exist counts as deleted. */
  readonly deleteThread: (id: string) => Promise<void>;
  /** Reads the next page of threads. Resolves to the ids of those that were added, and throws with a message for the user. */
  readonly loadMoreThreads: () => Promise<readonly string[]>;
}

export function useAccount(client: GraphQLClient): Account {
  const [state, setState] = useState<AccountState>({ kind: 'loading' });

  const reload = useCallback(() => {
    setState((current) => (current.kind === 'failed' ? { kind: 'loading' } : current));
    const listing = listAssistants(client);
    Promise.all([listing, readThreads(client, listing)])
      .then(([assistants, threads]) => setState({ kind: 'ready', assistants, threads }))
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : 'Something went wrong.';
        const isUnauthenticated = error instanceof GraphQLError && error.code === 'UNAUTHENTICATED';
        setState({ kind: isUnauthenticated ? 'unauthenticated' : 'failed', reason });
      });
  }, [client]);
  useEffect(reload, [reload]);

  const setThreads = (change: (list: ThreadList) => ThreadList) =>
    setState((current) => (current.kind === 'ready' ? { ...current, threads: change(current.threads) } : current));

  return {
    state,
    reload,
    addAssistant: useCallback((assistant) => {
      setState((current) =>
        current.kind === 'ready' ? { ...current, assistants: [assistant, ...current.assistants] } : current,
      );
    }, []),
    removeAssistant: useCallback((id) => {
      setState((current) =>
        current.kind === 'ready'
          ? { ...current, assistants: current.assistants.filter((assistant) => assistant.id !== id) }
          : current,
      );
    }, []),
    addThread: useCallback((thread) => {
      storeThread(thread);
      setThreads(({ threads, hasMore }) => ({
        threads: [{ ...thread, cursor: null }, ...threads.filter(({ id }) => id !== thread.id)],
        hasMore,
      }));
    }, []),
    deleteThread: async (id) => {
      const { deleteThread } = await client.execute(ChatDeleteThreadDocument, { input: { id } });
      const [problem] = deleteThread.userErrors;
      if (problem && problem.code !== 'NOT_FOUND') throw new Error(problem.message);
      forgetThread(id);
      setThreads(({ threads, hasMore }) => ({ threads: threads.filter((thread) => thread.id !== id), hasMore }));
    },
    loadMoreThreads: async () => {
      if (state.kind !== 'ready') return [];
      const more = await readMoreThreads(client, state.threads.threads);
      setThreads((list) => withMoreThreads(list, more));
      return more.threads.map(({ id }) => id);
    },
  };
}

async function listAssistants(client: GraphQLClient): Promise<readonly Assistant[]> {
  const assistants: Assistant[] = [];
  let after: string | null = null;
  do {
    const page: { readonly assistants: AssistantPage } = await client.execute(ChatAssistantsDocument, { after });
    assistants.push(...page.assistants.nodes);
    after = page.assistants.pageInfo.hasNextPage ? page.assistants.pageInfo.endCursor : null;
  } while (after !== null);
  return assistants;
}

interface AssistantPage {
  readonly nodes: readonly Assistant[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

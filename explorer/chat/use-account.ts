/** The assistants and threads of the account, and whether the service knows the caller. */
import { useCallback, useEffect, useState } from 'react';
import type { Assistant } from './assistant-details.tsx';
import { ChatAssistantsDocument, ChatDeleteThreadDocument, ChatThreadsDocument } from './generated/graphql.ts';
import { GraphQLError, type GraphQLClient } from './graphql-client.ts';
import { forgetThread, readStoredThreads, storeThread, type StoredThread } from './stored-threads.ts';

type AccountState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'unauthenticated'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'ready'; readonly assistants: readonly Assistant[]; readonly threads: readonly StoredThread[] };

const DATE_FORMAT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

interface Account {
  readonly state: AccountState;
  readonly reload: () => void;
  readonly addAssistant: (assistant: Assistant) => void;
  readonly addThread: (thread: StoredThread) => void;
  /** Throws with a message for the user. A thread that does not exist counts as deleted. */
  readonly deleteThread: (id: string) => Promise<void>;
}

export function useAccount(client: GraphQLClient): Account {
  const [state, setState] = useState<AccountState>({ kind: 'loading' });

  const reload = useCallback(() => {
    setState((current) => (current.kind === 'failed' ? { kind: 'loading' } : current));
    Promise.all([listAssistants(client), listThreads(client)])
      .then(([assistants, threads]) => setState({ kind: 'ready', assistants, threads }))
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : 'Something went wrong.';
        const isUnauthenticated = error instanceof GraphQLError && error.code === 'UNAUTHENTICATED';
        setState({ kind: isUnauthenticated ? 'unauthenticated' : 'failed', reason });
      });
  }, [client]);
  useEffect(reload, [reload]);

  const setThreads = (change: (threads: readonly StoredThread[]) => readonly StoredThread[]) =>
    setState((current) => (current.kind === 'ready' ? { ...current, threads: change(current.threads) } : current));

  return {
    state,
    reload,
    addAssistant: useCallback((assistant) => {
      setState((current) =>
        current.kind === 'ready' ? { ...current, assistants: [assistant, ...current.assistants] } : current,
      );
    }, []),
    addThread: useCallback((thread) => {
      storeThread(thread);
      setThreads((threads) => [thread, ...threads.filter(({ id }) => id !== thread.id)]);
    }, []),
    deleteThread: async (id) => {
      const { deleteThread } = await client.execute(ChatDeleteThreadDocument, { input: { id } });
      const [problem] = deleteThread.userErrors;
      if (problem && problem.code !== 'NOT_FOUND') throw new Error(problem.message);
      forgetThread(id);
      setThreads((threads) => threads.filter((thread) => thread.id !== id));
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

/** The AIML API cannot list threads: then those that this browser began. */
async function listThreads(client: GraphQLClient): Promise<readonly StoredThread[]> {
  try {
    const { threads } = await client.execute(ChatThreadsDocument, {});
    return threads.nodes.map(({ id, metadata, createdAt }) => ({
      id,
      title: metadata['title'] ?? `Conversation of ${DATE_FORMAT.format(new Date(createdAt))}`,
      assistantId: metadata['assistant_id'] ?? '',
    }));
  } catch (error) {
    if (error instanceof GraphQLError && error.code === 'UNSUPPORTED_BY_UPSTREAM') return readStoredThreads();
    throw error;
  }
}

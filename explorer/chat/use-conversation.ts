/** One conversation: it is loaded, messages are sent, and the run in progress is followed. */
import { useCallback, useEffect, useRef, useState } from 'react';
import {
  applyEvent,
  EMPTY_CONVERSATION,
  toEarlierCursor,
  toText,
  toTextPart,
  toTitle,
  withEarlierMessages,
  withNewestMessages,
  type Conversation,
  type Message,
  type Run,
} from './conversation.ts';
import { followRun } from './follow-run.ts';
import {
  ChatBeginThreadDocument,
  ChatCancelRunDocument,
  ChatEarlierMessagesDocument,
  ChatRunDetailsDocument,
  ChatSendMessageDocument,
  ChatSubmitOutputsDocument,
  ChatThreadDocument,
} from './generated/graphql.ts';
import { ConnectionLostError, type GraphQLClient } from './graphql-client.ts';
import type { ReadRun } from './run-details.tsx';

/** A run that is being created. Sent again with the same key it is created once. */
interface Outgoing {
  /** The message that is added before the run; null for another run on the messages that are there. */
  readonly text: string | null;
  readonly idempotencyKey: string;
  /** Null while it is being sent. */
  readonly problem: string | null;
}

export interface ConversationState {
  readonly conversation: Conversation;
  readonly isLoading: boolean;
  readonly isLoadingEarlier: boolean;
  readonly outgoing: Outgoing | null;
  readonly isReconnecting: boolean;
  /** What went wrong last, for people; null if nothing did. */
  readonly problem: string | null;
  readonly send: (text: string) => void;
  readonly sendAgain: () => void;
  /** Runs the assistant again on the last message of the user. */
  readonly retry: () => void;
  /** Reads the page of messages before those that are shown. */
  readonly loadEarlier: () => void;
  /** Reads the conversation again, and follows its run. */
  readonly reload: () => void;
  readonly cancel: () => void;
  /** Resolves when the service has responded. */
  readonly submitOutputs: (outputs: Readonly<Record<string, string>>) => Promise<void>;
  readonly readRun: ReadRun;
}

interface ConversationOptions {
  readonly client: GraphQLClient;
  readonly assistantId: string | null;
  /** Null for a conversation that has not begun. */
  readonly threadId: string | null;
  readonly onBegin: (thread: { readonly id: string; readonly title: string; readonly assistantId: string }) => void;
  /** The assistant was deleted, elsewhere. */
  readonly onAssistantMissing: (id: string) => void;
}

const THREAD_NOT_FOUND = 'This conversation does not exist any more.';

const toProblem = (error: unknown): string => (error instanceof Error ? error.message : 'Something went wrong.');

interface UserError {
  readonly code: string;
  readonly field: readonly string[] | null;
  readonly message: string;
}

const firstProblem = (userErrors: readonly Pick<UserError, 'message'>[]): string | null =>
  userErrors[0]?.message ?? null;

class AssistantMissingError extends Error {
  override readonly message = 'The assistant does not exist any more.';
}

/** What a run that could not be created throws. */
function toRunError([error]: readonly UserError[]): Error {
  if (error?.code === 'NOT_FOUND' && error.field?.at(-1) === 'assistantId') return new AssistantMissingError();
  return new Error(error?.message ?? 'The message was not sent.');
}

export function useConversation(options: ConversationOptions): ConversationState {
  const { client, assistantId, threadId, onBegin, onAssistantMissing } = options;
  const [conversation, setConversation] = useState<Conversation>(EMPTY_CONVERSATION);
  const [isLoading, setIsLoading] = useState(false);
  const [isLoadingEarlier, setIsLoadingEarlier] = useState(false);
  const [outgoing, setOutgoing] = useState<Outgoing | null>(null);
  const [isReconnecting, setIsReconnecting] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  /** The thread that this page began, which needs not be loaded. */
  const ownThreadId = useRef<string | null>(null);

  useEffect(() => {
    if (threadId !== null && threadId === ownThreadId.current) return;
    ownThreadId.current = null;
    setConversation({ ...EMPTY_CONVERSATION, threadId });
    setOutgoing(null);
    setProblem(null);
    if (threadId === null) return;
    let isCurrent = true;
    setIsLoading(true);
    client
      .execute(ChatThreadDocument, { id: threadId })
      .then(({ thread }) => {
        if (!isCurrent) return;
        if (!thread) {
          setProblem(THREAD_NOT_FOUND);
          return;
        }
        const { messages, runs } = thread;
        setConversation({
          threadId,
          messages: messages.nodes,
          run: runs.nodes[0] ?? null,
          earlierCursor: toEarlierCursor(messages.pageInfo),
        });
      })
      .catch((error: unknown) => isCurrent && setProblem(toProblem(error)))
      .finally(() => isCurrent && setIsLoading(false));
    return () => {
      isCurrent = false;
    };
  }, [client, threadId, attempt]);

  const readRun = useCallback<ReadRun>(
    async (runId) => {
      if (conversation.threadId === null) return null;
      const { run: details } = await client.execute(ChatRunDetailsDocument, {
        threadId: conversation.threadId,
        runId,
      });
      return details;
    },
    [client, conversation.threadId],
  );

  const { run } = conversation;
  const followedRunId = run && !run.hasEnded ? run.id : null;
  const followedThreadId = conversation.threadId;
  useEffect(() => {
    if (followedRunId === null || followedThreadId === null) return;
    const abort = new AbortController();
    followRun(client, {
      threadId: followedThreadId,
      runId: followedRunId,
      signal: abort.signal,
      onEvent: (event) => setConversation((current) => applyEvent(current, event)),
      onReconnect: setIsReconnecting,
    }).catch((error: unknown) => setProblem(toProblem(error)));
    return () => {
      abort.abort();
      setIsReconnecting(false);
    };
  }, [client, followedRunId, followedThreadId, attempt]);

  const showRun = useCallback((newRun: Run | null) => {
    if (!newRun) return;
    // The stream may have had the end of the run before the response to a mutation, which is older then.
    setConversation((current) =>
      current.run?.id === newRun.id && current.run.hasEnded ? current : { ...current, run: newRun },
    );
  }, []);

  const canRefresh = !isLoading && followedRunId === null && followedThreadId !== null;
  /** Reads what others have added, for example another tab. A failure is left to what the user does next. */
  const refresh = useCallback(async () => {
    if (!canRefresh) return;
    const { thread } = await client
      .execute(ChatThreadDocument, { id: followedThreadId })
      .catch(() => ({ thread: null }));
    if (!thread) return;
    const { messages, runs } = thread;
    setConversation((current) =>
      current === conversation ? withNewestMessages(current, messages, runs.nodes[0] ?? null) : current,
    );
  }, [client, canRefresh, conversation, followedThreadId]);
  useEffect(() => {
    const refreshIfVisible = () => {
      // A message whose response was lost would be shown twice.
      if (document.visibilityState === 'visible' && outgoing === null) void refresh();
    };
    window.addEventListener('focus', refreshIfVisible);
    document.addEventListener('visibilitychange', refreshIfVisible);
    return () => {
      window.removeEventListener('focus', refreshIfVisible);
      document.removeEventListener('visibilitychange', refreshIfVisible);
    };
  }, [refresh, outgoing]);

  const transmit = useCallback(
    async (text: string | null, idempotencyKey: string): Promise<void> => {
      if (assistantId === null) return;
      setOutgoing({ text, idempotencyKey, problem: null });
      setProblem(null);
      try {
        if (conversation.threadId === null) {
          if (text === null) return;
          const title = toTitle(text);
          const { createThreadAndRun } = await client.execute(ChatBeginThreadDocument, {
            input: {
              assistantId,
              idempotencyKey,
              thread: { messages: [{ text }], metadata: { title, assistant_id: assistantId } },
            },
          });
          const { thread, run: newRun, userErrors } = createThreadAndRun;
          if (!thread || !newRun) throw toRunError(userErrors);
          ownThreadId.current = thread.id;
          setConversation({
            threadId: thread.id,
            messages: [toOwnMessage(text, idempotencyKey)],
            run: newRun,
            earlierCursor: null,
          });
          onBegin({ id: thread.id, title, assistantId });
        } else {
          const { createRun } = await client.execute(ChatSendMessageDocument, {
            input: {
              threadId: conversation.threadId,
              assistantId,
              idempotencyKey,
              ...(text !== null && { additionalMessages: [{ text }] }),
            },
          });
          if (!createRun.run) throw toRunError(createRun.userErrors);
          const newRun = createRun.run;
          setConversation((current) => ({
            ...current,
            messages: text === null ? current.messages : [...current.messages, toOwnMessage(text, idempotencyKey)],
            run: newRun,
          }));
        }
        setOutgoing(null);
      } catch (error) {
        const reason =
          error instanceof ConnectionLostError
            ? 'The connection was lost. It is safe to send it again: it arrives once.'
            : toProblem(error);
        setOutgoing({ text, idempotencyKey, problem: reason });
        if (error instanceof AssistantMissingError) onAssistantMissing(assistantId);
        // There may be a run that this page does not know.
        else if (!(error instanceof ConnectionLostError)) void refresh();
      }
    },
    [assistantId, client, conversation.threadId, onBegin, onAssistantMissing, refresh],
  );

  return {
    conversation,
    isLoading,
    isLoadingEarlier,
    outgoing,
    isReconnecting,
    problem,
    send: (text) => void transmit(text, crypto.randomUUID()),
    sendAgain: () => {
      if (outgoing) void transmit(outgoing.text, outgoing.idempotencyKey);
    },
    retry: () => {
      const lastOwn = conversation.messages.findLast(({ role }) => role === 'USER');
      // What the run wrote stays in the thread. Then the model needs the message again, behind it.
      const hasWritten = conversation.messages.some(({ runId }) => runId !== null && runId === run?.id);
      void transmit(hasWritten && lastOwn ? toText(lastOwn) : null, crypto.randomUUID());
    },
    loadEarlier: () => {
      const { threadId: id, earlierCursor: before } = conversation;
      if (id === null || before === null || isLoadingEarlier) return;
      setIsLoadingEarlier(true);
      setProblem(null);
      client
        .execute(ChatEarlierMessagesDocument, { id, before })
        .then(({ thread }) => {
          if (!thread) throw new Error(THREAD_NOT_FOUND);
          setConversation((current) =>
            current.threadId === id && current.earlierCursor === before
              ? withEarlierMessages(current, thread.messages)
              : current,
          );
        })
        .catch((error: unknown) => setProblem(toProblem(error)))
        .finally(() => setIsLoadingEarlier(false));
    },
    reload: () => {
      ownThreadId.current = null;
      setAttempt((count) => count + 1);
    },
    cancel: () => {
      if (!run) return;
      setProblem(null);
      client
        .execute(ChatCancelRunDocument, { input: { threadId: run.threadId, id: run.id } })
        // A run that has ended needs no cancelling.
        .then(({ cancelRun }) => showRun(cancelRun.run))
        .catch((error: unknown) => setProblem(toProblem(error)));
    },
    submitOutputs: async (outputs) => {
      if (!run) return;
      setProblem(null);
      await client
        .execute(ChatSubmitOutputsDocument, {
          input: {
            threadId: run.threadId,
            runId: run.id,
            toolOutputs: Object.entries(outputs).map(([toolCallId, output]) => ({ toolCallId, output })),
          },
        })
        .then(({ submitToolOutputs }) => {
          setProblem(firstProblem(submitToolOutputs.userErrors));
          showRun(submitToolOutputs.run);
        })
        .catch((error: unknown) => setProblem(toProblem(error)));
    },
    readRun,
  };
}

/** Shown until the thread is loaded again, which gives it its id. */
const toOwnMessage = (text: string, id: string): Message => ({
  id,
  createdAt: new Date().toISOString(),
  role: 'USER',
  status: 'COMPLETED',
  runId: null,
  incompleteReason: null,
  content: [toTextPart(text)],
});

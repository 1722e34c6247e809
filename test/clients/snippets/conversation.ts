// A conversation with an assistant, for the adapters of chat libraries in docs/clients.md. A test runs every line.
import type { TypedDocumentNode } from '@apollo/client';
import { print } from 'graphql';
import type { Client as StreamClient } from 'graphql-sse';
import { CANCEL_RUN, CONTINUE_THREAD, RUN, RUN_EVENTS, START_RUN, type RunEventsData } from './operations.ts';

export interface Run {
  readonly id: string;
  readonly threadId: string;
}

/** Remembers the newest run of each chat, for example in `localStorage`: then a reload finds it again. */
export interface RunStore {
  get(chatId: string): Run | undefined;
  set(chatId: string, run: Run): unknown;
}

export interface ConversationOptions {
  readonly url: string;
  readonly assistantId: string;
  /** `createClient({ url, retryAttempts: 20 })` of graphql-sse. */
  readonly streams: StreamClient;
  readonly runs: RunStore;
}

export function createConversation({ url, assistantId, streams, runs }: ConversationOptions) {
  async function execute<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query: print(document), variables }),
    });
    const { data, errors } = (await response.json()) as { data?: Data; errors?: { message: string }[] };
    if (!data || errors) throw new Error(errors?.[0]?.message ?? 'The response has no data.');
    return data;
  }

  /** Asks in the thread of the chat, or in a new one. Null as text: once more, without a new message. */
  async function start(chatId: string, text: string | null): Promise<Run> {
    const threadId = runs.get(chatId)?.threadId;
    const messages = text === null ? [] : [{ text }];
    const { run, userErrors } =
      threadId === undefined
        ? (await execute(START_RUN, { input: { assistantId, thread: { messages } } })).createThreadAndRun
        : (await execute(CONTINUE_THREAD, { input: { assistantId, threadId, additionalMessages: messages } }))
            .createRun;
    if (!run) throw new Error(userErrors[0]?.message);
    runs.set(chatId, run);
    return run;
  }

  /** The run of the chat that has not ended, if there is one. */
  async function findOpenRun(chatId: string): Promise<Run | null> {
    const run = runs.get(chatId);
    if (!run) return null;
    const found = (await execute(RUN, { id: run.id, threadId: run.threadId })).run;
    return found?.hasEnded === false ? run : null;
  }

  /** Cancels the newest run of the chat. Resolves also if it has ended already. */
  async function stop(chatId: string): Promise<void> {
    const run = runs.get(chatId);
    if (run) await execute(CANCEL_RUN, { input: { id: run.id, threadId: run.threadId } });
  }

  /** Yields the text of a run from its beginning, through lost connections. Ends if it is aborted; the run continues. */
  async function* follow({ id, threadId }: Run, signal: AbortSignal | undefined) {
    const variables: { threadId: string; runId: string; after?: string } = { threadId, runId: id };
    const events = streams.iterate<RunEventsData>({ query: print(RUN_EVENTS), variables });
    const end = () => void events.return?.();
    if (signal?.aborted === true) end();
    signal?.addEventListener('abort', end);
    const lengths = new Map<string, number>();
    try {
      for await (const { data, errors } of events) {
        if (!data) throw new Error(errors?.[0]?.message);
        const event = data.runEvents;
        variables.after = event.cursor; // sent when the client connects again
        if (event.__typename === 'RunStateEvent' && event.run.hasEnded) {
          if (!['COMPLETED', 'CANCELLED'].includes(event.run.status))
            throw new Error(`The run is ${event.run.status}.`);
          return;
        }
        if (event.__typename !== 'MessageTextEvent') continue;
        const part = `${event.messageId}/${event.contentIndex}`;
        const length = lengths.get(part) ?? 0;
        const delta = event.text.slice(Math.max(0, length - event.offset));
        lengths.set(part, length + delta.length);
        yield { part, delta };
      }
    } finally {
      signal?.removeEventListener('abort', end);
    }
  }

  return { start, findOpenRun, stop, follow };
}

export type Conversation = ReturnType<typeof createConversation>;

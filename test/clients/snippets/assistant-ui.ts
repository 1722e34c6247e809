// assistant-ui: the adapter that docs/clients.md shows. A test drives a thread of assistant-ui over it.
import type { ChatModelAdapter, ChatModelRunOptions, ThreadMessage } from '@assistant-ui/react';
import type { Conversation, Run } from './conversation.ts';

const textOf = ({ content }: ThreadMessage) => content.map((part) => (part.type === 'text' ? part.text : '')).join('');

async function* toResults(conversation: Conversation, run: Run, signal: AbortSignal) {
  const texts = new Map<string, string>();
  for await (const { part, delta } of conversation.follow(run, signal)) {
    texts.set(part, (texts.get(part) ?? '') + delta);
    yield { content: [...texts.values()].map((text) => ({ type: 'text' as const, text })) };
  }
}

/** For `useLocalRuntime(adapter)`. */
export const createChatModelAdapter = (conversation: Conversation, chatId: string): ChatModelAdapter => ({
  async *run({ messages, abortSignal }) {
    const last = messages.at(-1);
    const run = await conversation.start(chatId, last ? textOf(last) : null);
    const stop = () => {
      // Also aborted if the component is unmounted: then the run continues.
      const { detach } = abortSignal.reason as { detach?: boolean };
      if (detach !== true) void conversation.stop(chatId).catch(() => undefined);
    };
    if (abortSignal.aborted) stop();
    abortSignal.addEventListener('abort', stop);
    yield* toResults(conversation, run, abortSignal);
  },
});

/** The `stream` of `runtime.thread.resumeRun`, after a reload. Null if the chat has no open run. */
export async function resume(conversation: Conversation, chatId: string) {
  const run = await conversation.findOpenRun(chatId);
  return run && (({ abortSignal }: ChatModelRunOptions) => toResults(conversation, run, abortSignal));
}

// The AI SDK: the transport that docs/clients.md shows. A test drives a chat of the AI SDK over it.
import type { ChatTransport, UIMessage, UIMessageChunk } from 'ai';
import type { Conversation, Run } from './conversation.ts';

const textOf = ({ parts }: UIMessage) => parts.map((part) => (part.type === 'text' ? part.text : '')).join('');

async function* toChunks(
  conversation: Conversation,
  run: Run,
  signal?: AbortSignal,
): AsyncGenerator<UIMessageChunk, void> {
  const open = new Set<string>();
  yield { type: 'start', messageId: run.id };
  for await (const { part: id, delta } of conversation.follow(run, signal)) {
    if (!open.has(id)) yield { type: 'text-start', id };
    open.add(id);
    yield { type: 'text-delta', id, delta };
  }
  for (const id of open) yield { type: 'text-end', id };
  yield signal?.aborted === true ? { type: 'abort' } : { type: 'finish' };
}

const toStream = (chunks: AsyncGenerator<UIMessageChunk, void>) =>
  new ReadableStream<UIMessageChunk>({
    pull: async (controller) => {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: async () => {
      await chunks.return();
    },
  });

/** `useChat({ transport, resume: true })` of `@ai-sdk/react`. */
export function createChatTransport(conversation: Conversation): ChatTransport<UIMessage> {
  return {
    resumeStreamIsReplay: true,
    sendMessages: async ({ chatId, trigger, messages, abortSignal }) => {
      const last = messages.at(-1);
      const run = await conversation.start(chatId, trigger === 'submit-message' && last ? textOf(last) : null);
      // A failure to stop is not one of the stream.
      const stop = () => void conversation.stop(chatId).catch(() => undefined);
      if (abortSignal?.aborted === true) stop();
      abortSignal?.addEventListener('abort', stop);
      return toStream(toChunks(conversation, run, abortSignal));
    },
    // A newer resume aborts an older one, so the signal ends the stream only.
    reconnectToStream: async ({ chatId, abortSignal }) => {
      const run = await conversation.findOpenRun(chatId);
      return run && toStream(toChunks(conversation, run, abortSignal));
    },
  };
}

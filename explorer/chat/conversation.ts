/** What a conversation looks like at one moment, and how events change it. */
import type { ChatMessageFragment, ChatRunFragment } from './generated/graphql.ts';
import type { RunEvent } from './follow-run.ts';

export type Message = ChatMessageFragment;
export type Run = ChatRunFragment;

export interface Conversation {
  /** Null until its first message is sent. */
  readonly threadId: string | null;
  /** Oldest first. */
  readonly messages: readonly Message[];
  /** The newest run; null if there was none. */
  readonly run: Run | null;
  readonly hasOlderMessages: boolean;
}

export const EMPTY_CONVERSATION: Conversation = { threadId: null, messages: [], run: null, hasOlderMessages: false };

/** Events may be repeated: every one of them can be applied again without harm. */
export function applyEvent(conversation: Conversation, event: RunEvent): Conversation {
  switch (event.__typename) {
    case 'RunStateEvent':
      return { ...conversation, run: event.run };
    case 'MessageStateEvent':
      return { ...conversation, messages: upsert(conversation.messages, event.message) };
    case 'MessageTextEvent':
      return {
        ...conversation,
        messages: conversation.messages.map((message) =>
          message.id === event.messageId
            ? { ...message, text: message.text.slice(0, event.offset) + event.text }
            : message,
        ),
      };
    default:
      return conversation;
  }
}

function upsert(messages: readonly Message[], message: Message): readonly Message[] {
  const index = messages.findIndex(({ id }) => id === message.id);
  return index === -1 ? [...messages, message] : messages.with(index, message);
}

/** The text that names a thread in lists. */
export const toTitle = (text: string): string => {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
};

/** What a conversation looks like at one moment, and how events change it. */
import type { ChatMessageFragment, ChatMessagesFragment, ChatRunFragment } from './generated/graphql.ts';
import type { RunEvent } from './follow-run.ts';

export type Message = ChatMessageFragment;
export type MessagePart = Message['content'][number];
export type TextPart = Extract<MessagePart, { readonly __typename: 'TextContent' }>;
export type Run = ChatRunFragment;

export interface Conversation {
  /** Null until its first message is sent. */
  readonly threadId: string | null;
  /** Oldest first. */
  readonly messages: readonly Message[];
  /** The newest run; null if there was none. */
  readonly run: Run | null;
  /** Where the messages before those here are read from; null if there are none. */
  readonly earlierCursor: string | null;
}

export const EMPTY_CONVERSATION: Conversation = { threadId: null, messages: [], run: null, earlierCursor: null };

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
          message.id === event.messageId ? { ...message, content: writeText(message.content, event) } : message,
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

type TextEvent = Extract<RunEvent, { readonly __typename: 'MessageTextEvent' }>;

/** Parts before the text that have not arrived yet are empty texts until the message's next state has them. */
function writeText(content: Message['content'], { contentIndex, offset, text }: TextEvent): Message['content'] {
  const missing = Math.max(0, contentIndex + 1 - content.length);
  const parts = [...content, ...Array.from({ length: missing }, () => toTextPart(''))];
  const part = parts[contentIndex];
  if (part?.__typename !== 'TextContent') return content;
  return parts.with(contentIndex, { ...part, text: part.text.slice(0, offset) + text });
}

export const toTextPart = (text: string): TextPart => ({
  __typename: 'TextContent',
  type: 'text',
  text,
  annotations: [],
});

/** All text of a message, for the clipboard and for sending it again. */
export const toText = ({ content }: Pick<Message, 'content'>): string =>
  content.flatMap((part) => (part.__typename === 'TextContent' && part.text !== '' ? [part.text] : [])).join('\n\n');

/**
 * The conversation with the newest page of its messages, and its newest run. Messages before the page stay, unless others that
 * were never read lie between them.
 */
export function withNewestMessages(
  conversation: Conversation,
  { nodes, pageInfo }: ChatMessagesFragment,
  run: Run | null,
): Conversation {
  const [first] = nodes;
  const index = conversation.messages.findIndex(({ id }) => id === first?.id);
  if (index === -1) return { ...conversation, messages: nodes, run, earlierCursor: toEarlierCursor(pageInfo) };
  return { ...conversation, messages: [...conversation.messages.slice(0, index), ...nodes], run };
}

/** The conversation with the page of messages before those it has. */
export const withEarlierMessages = (
  conversation: Conversation,
  { nodes, pageInfo }: ChatMessagesFragment,
): Conversation => ({
  ...conversation,
  messages: [...nodes, ...conversation.messages],
  earlierCursor: toEarlierCursor(pageInfo),
});

export const toEarlierCursor = ({ hasPreviousPage, startCursor }: ChatMessagesFragment['pageInfo']): string | null =>
  hasPreviousPage ? startCursor : null;

/** The text that names a thread in lists. */
export const toTitle = (text: string): string => {
  const lines = text.trim().split('\n');
  // Not a line that begins a block of code, for example.
  const line = lines.find((candidate) => /^[^`]*[\p{L}\p{N}]/u.test(candidate))?.trim() ?? lines[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
};

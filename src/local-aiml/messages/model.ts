/** Owns the message of a thread: its wire form, how one is made, and what a run may make of it. Pure. */
import { createId } from '../wire/ids.ts';
import type { CreateMessageBody, ModifyMetadataBody } from './body.ts';

/** As it is on the wire; the order of the members is the order in which they are sent. */
export interface Message {
  readonly id: string;
  readonly object: 'thread.message';
  /** Unix time in seconds, as are the other times. */
  readonly created_at: number;
  readonly thread_id: string;
  readonly status: 'in_progress' | 'incomplete' | 'completed';
  readonly incomplete_details: { readonly reason: MessageIncompleteReason } | null;
  readonly completed_at: number | null;
  readonly incomplete_at: number | null;
  readonly role: 'user' | 'assistant';
  /** Empty while nothing is written. */
  readonly content: readonly MessageContent[];
  /** Null, as `run_id`, for a message that no run wrote. */
  readonly assistant_id: string | null;
  readonly run_id: string | null;
  readonly attachments: readonly Attachment[];
  readonly metadata: Readonly<Record<string, string>>;
}

export type MessageIncompleteReason = 'content_filter' | 'max_tokens' | 'run_cancelled' | 'run_expired' | 'run_failed';

export type MessageContent =
  | { readonly type: 'text'; readonly text: { readonly value: string; readonly annotations: readonly [] } }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string; readonly detail: ImageDetail } }
  | { readonly type: 'image_file'; readonly image_file: { readonly file_id: string; readonly detail: ImageDetail } }
  | { readonly type: 'refusal'; readonly refusal: string };

type ImageDetail = 'auto' | 'low' | 'high';

export interface Attachment {
  readonly file_id: string;
  readonly tools: readonly { readonly type: 'code_interpreter' | 'file_search' }[];
}

/** How a message that a run wrote ends. */
export type MessageEnd =
  { readonly status: 'completed' } | { readonly status: 'incomplete'; readonly reason: MessageIncompleteReason };

/** The text of a part; '' for an image. */
export function textOf(content: MessageContent): string {
  if (content.type === 'text') return content.text.value;
  return content.type === 'refusal' ? content.refusal : '';
}

/** What an open message has of its end. */
const OPEN = { status: 'in_progress', incomplete_details: null, completed_at: null, incomplete_at: null } as const;

function createEmpty(id: string, threadId: string, now: number): Message {
  return {
    id,
    object: 'thread.message',
    created_at: now,
    thread_id: threadId,
    ...OPEN,
    role: 'assistant',
    content: [],
    assistant_id: null,
    run_id: null,
    attachments: [],
    metadata: {},
  };
}

/** A message of a request. `now` is Unix time in seconds. */
export function createMessage(body: CreateMessageBody, threadId: string, now: number): Message {
  return {
    ...createEmpty(createId('msg'), threadId, now),
    status: 'completed',
    completed_at: now,
    role: body.role,
    content: toContent(body.content),
    attachments: (body.attachments ?? []).map(({ file_id, tools }) => ({ file_id, tools: tools ?? [] })),
    metadata: body.metadata ?? {},
  };
}

function toContent(content: CreateMessageBody['content']): readonly MessageContent[] {
  if (typeof content === 'string') return [{ type: 'text', text: { value: content, annotations: [] } }];
  return content.map((part): MessageContent => {
    if (part.type === 'text') return { type: 'text', text: { value: part.text, annotations: [] } };
    if (part.type === 'image_url') {
      const { url, detail = 'auto' } = part.image_url;
      return { type: 'image_url', image_url: { url, detail } };
    }
    const { file_id, detail = 'auto' } = part.image_file;
    return { type: 'image_file', image_file: { file_id, detail } };
  });
}

/** What a modify makes of a message or a run: the given metadata replaces that which was kept, and null clears it. */
export function withMetadata<T extends { readonly metadata: Readonly<Record<string, string>> }>(
  object: T,
  body: ModifyMetadataBody,
): T {
  return body.metadata === undefined ? object : { ...object, metadata: body.metadata ?? {} };
}

/** A message that a run begins to write. `now` is Unix time in seconds. */
export function createRunMessage(
  id: string,
  run: { readonly id: string; readonly thread_id: string; readonly assistant_id: string },
  now: number,
): Message {
  return { ...createEmpty(id, run.thread_id, now), assistant_id: run.assistant_id, run_id: run.id };
}

/** The message as it was when it was created. */
export function messageAsCreated(message: Message): Message {
  return { ...message, ...OPEN, content: [] };
}

/** The message after its last text. `now` is Unix time in seconds. */
export function endMessage(message: Message, end: MessageEnd, now: number): Message {
  return end.status === 'completed'
    ? { ...message, status: 'completed', completed_at: now }
    : { ...message, status: 'incomplete', incomplete_details: { reason: end.reason }, incomplete_at: now };
}

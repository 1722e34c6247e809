/** The AIML API's messages: how they are read, what is sent, and how a lost modify is verified. */
import type { ResourceDefinition } from '../resource.ts';
import {
  MalformedResponseError,
  optionalInteger,
  optionalObject,
  optionalString,
  optionalTime,
  readItems,
  readMetadata,
  readUnknown,
  requireId,
  requireObject,
  requireString,
  requireTime,
  type Fields,
  type WireMetadata,
} from '../wire.ts';
import { hasMetadata, matchesRequest, type WireMetadataBody } from './matches-request.ts';

export type WireContentBody =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_file'; readonly image_file: { readonly file_id: string; readonly detail?: string } }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string; readonly detail?: string } };

/** The body of a create, and of a message that is created together with a thread or a run. */
export interface WireMessageBody {
  readonly role: 'user' | 'assistant';
  readonly content: string | readonly WireContentBody[];
  readonly attachments?: readonly {
    readonly file_id: string;
    readonly tools: readonly { readonly type: string }[];
  }[];
  readonly metadata?: WireMetadata;
}

/** A message as it was read: every field present, null where upstream sent null or nothing. */
export type WireMessage = Readonly<ReturnType<typeof readMessage>>;

/** All times are Unix times in seconds. Throws {@link MalformedResponseError}. */
export function readMessage(value: unknown) {
  const fields = requireObject(value, 'message');
  const details = optionalObject(fields, 'incomplete_details');
  return {
    id: requireId(fields),
    thread_id: requireString(fields, 'thread_id'),
    created_at: requireTime(fields, 'created_at'),
    completed_at: optionalTime(fields, 'completed_at'),
    incomplete_at: optionalTime(fields, 'incomplete_at'),
    role: readRole(fields),
    status: readStatus(fields),
    incomplete_reason: details && optionalString(details, 'reason'),
    content: readItems(fields, 'content', readContent),
    attachments: readItems(fields, 'attachments', readAttachment),
    assistant_id: optionalString(fields, 'assistant_id'),
    run_id: optionalString(fields, 'run_id'),
    metadata: readMetadata(fields),
  };
}

function readRole(fields: Fields): 'user' | 'assistant' {
  const role = requireString(fields, 'role');
  if (role !== 'user' && role !== 'assistant') throw new MalformedResponseError('role', 'user or assistant');
  return role;
}

/** OpenAI's responses omit the status of completed messages. An unknown status is derived from the times. */
function readStatus(fields: Fields): 'in_progress' | 'incomplete' | 'completed' {
  const status = optionalString(fields, 'status') ?? 'completed';
  if (status === 'in_progress' || status === 'incomplete' || status === 'completed') return status;
  if (optionalTime(fields, 'incomplete_at') !== null) return 'incomplete';
  return optionalTime(fields, 'completed_at') === null ? 'in_progress' : 'completed';
}

export type WireContent = Readonly<ReturnType<typeof readContent>>;

function readContent(value: unknown) {
  const fields = requireObject(value, 'content');
  const type = requireString(fields, 'type');
  switch (type) {
    case 'text': {
      // A text without annotations may be a string, as in requests.
      if (typeof fields['text'] === 'string') return { type, text: fields['text'], annotations: [] };
      const text = optionalObject(fields, 'text') ?? {};
      return {
        type,
        text: optionalString(text, 'value') ?? '',
        annotations: readItems(text, 'annotations', readAnnotation),
      };
    }
    case 'refusal':
      return { type, refusal: optionalString(fields, 'refusal') ?? '' };
    case 'image_file': {
      const file = requireObject(fields['image_file'], 'image_file');
      return { type, file_id: requireString(file, 'file_id'), detail: optionalString(file, 'detail') };
    }
    case 'image_url': {
      const image = requireObject(fields['image_url'], 'image_url');
      return { type, url: requireString(image, 'url'), detail: optionalString(image, 'detail') };
    }
    default:
      return readUnknown(fields, 'content');
  }
}

export type WireAnnotation = Readonly<ReturnType<typeof readAnnotation>>;

function readAnnotation(value: unknown) {
  const fields = requireObject(value, 'annotation');
  const type = requireString(fields, 'type');
  switch (type) {
    case 'file_citation':
    case 'file_path': {
      const file = optionalObject(fields, type);
      return {
        type,
        text: optionalString(fields, 'text') ?? '',
        /** In UTF-16 code units. */
        start_index: optionalInteger(fields, 'start_index') ?? 0,
        end_index: optionalInteger(fields, 'end_index') ?? 0,
        file_id: file && optionalString(file, 'file_id'),
      };
    }
    default:
      return readUnknown(fields, 'annotation');
  }
}

export type WireAttachment = Readonly<ReturnType<typeof readAttachment>>;

function readAttachment(value: unknown) {
  const fields = requireObject(value, 'attachment');
  return {
    file_id: optionalString(fields, 'file_id'),
    tools: readItems(fields, 'tools', (tool) => requireString(requireObject(tool, 'tool'), 'type')),
  };
}

/** Reads a request body as if it were a response. */
function readSent(sent: object): Pick<WireMessage, 'content' | 'metadata'> {
  const fields = requireObject(sent, 'message');
  return { content: readItems(fields, 'content', readContent), metadata: readMetadata(fields) };
}

/** Not cacheable, because runs write messages. */
export const messages: ResourceDefinition<WireMessage, WireMessageBody, WireMetadataBody> = {
  name: 'messages',
  segments: ['threads', 'messages'],
  noun: 'message',
  read: readMessage,
  isCacheable: false,
  isCreatedFrom: ({ role, content, metadata }, message) =>
    role === message.role &&
    matchesRequest(
      { content: typeof content === 'string' ? [{ type: 'text', text: content }] : content, metadata },
      { content: message.content, metadata: message.metadata },
      readSent,
    ),
  isModified: hasMetadata,
};

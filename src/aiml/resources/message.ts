/** The AIML API's messages: how they are read, what is sent, and how a lost modify is verified. */
import type { ResourceDefinition } from '../resource.ts';
import {
  jsonObject,
  MalformedResponseError,
  optionalInteger,
  optionalObject,
  optionalString,
  optionalTime,
  readItems,
  readMetadata,
  requireId,
  requireObject,
  requireString,
  requireTime,
  type Fields,
  type JsonObject,
  type WireMetadata,
} from '../wire.ts';
import { matchesRequest } from './matches-request.ts';

/** A kind that this client does not support. `raw` is the unchanged value, including `type`. */
export interface WireUnknown {
  readonly type: 'unknown';
  readonly raw: JsonObject & { readonly type: string };
}

export interface WireTextAnnotation {
  readonly type: 'file_citation' | 'file_path';
  readonly text: string;
  /** In UTF-16 code units. */
  readonly start_index: number;
  readonly end_index: number;
  readonly file_id: string | null;
}

interface WireTextContent {
  readonly type: 'text';
  readonly text: string;
  readonly annotations: readonly (WireTextAnnotation | WireUnknown)[];
}
interface WireRefusalContent {
  readonly type: 'refusal';
  readonly refusal: string;
}
interface WireImageFileContent {
  readonly type: 'image_file';
  readonly file_id: string;
  readonly detail: string | null;
}
interface WireImageUrlContent {
  readonly type: 'image_url';
  readonly url: string;
  readonly detail: string | null;
}
export type WireContent =
  WireTextContent | WireRefusalContent | WireImageFileContent | WireImageUrlContent | WireUnknown;

export interface WireAttachment {
  readonly file_id: string | null;
  readonly tools: readonly string[];
}

/** A message as it was read: every field present, null where upstream sent null or nothing. */
export interface WireMessage {
  readonly id: string;
  readonly thread_id: string;
  /** All times are Unix times in seconds. */
  readonly created_at: number;
  readonly completed_at: number | null;
  readonly incomplete_at: number | null;
  readonly role: 'user' | 'assistant';
  readonly status: 'in_progress' | 'incomplete' | 'completed';
  readonly incomplete_reason: string | null;
  readonly content: readonly WireContent[];
  readonly attachments: readonly WireAttachment[];
  readonly assistant_id: string | null;
  readonly run_id: string | null;
  readonly metadata: WireMetadata;
}

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

/** The body of a modify of a message or a run: only metadata can be changed. */
export interface WireMetadataBody {
  readonly metadata?: WireMetadata | null;
}

/** Reads one message. Throws {@link MalformedResponseError}. */
export function readMessage(value: unknown): WireMessage {
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

function readRole(fields: Fields): WireMessage['role'] {
  const role = requireString(fields, 'role');
  if (role !== 'user' && role !== 'assistant') throw new MalformedResponseError('role', 'user or assistant');
  return role;
}

/** OpenAI's responses omit the status of completed messages. */
function readStatus(fields: Fields): WireMessage['status'] {
  const status = optionalString(fields, 'status') ?? 'completed';
  if (status !== 'in_progress' && status !== 'incomplete' && status !== 'completed')
    throw new MalformedResponseError('status', 'the status of a message');
  return status;
}

function readContent(value: unknown): WireContent {
  const fields = requireObject(value, 'content');
  const type = requireString(fields, 'type');
  switch (type) {
    case 'text': {
      const text = requireObject(fields['text'], 'text');
      return { type, text: requireString(text, 'value'), annotations: readItems(text, 'annotations', readAnnotation) };
    }
    case 'refusal':
      return { type, refusal: requireString(fields, 'refusal') };
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

function readAnnotation(value: unknown): WireTextAnnotation | WireUnknown {
  const fields = requireObject(value, 'annotation');
  const type = requireString(fields, 'type');
  if (type !== 'file_citation' && type !== 'file_path') return readUnknown(fields, 'annotation');
  const file = optionalObject(fields, type);
  return {
    type,
    text: requireString(fields, 'text'),
    start_index: optionalInteger(fields, 'start_index') ?? 0,
    end_index: optionalInteger(fields, 'end_index') ?? 0,
    file_id: file && optionalString(file, 'file_id'),
  };
}

function readAttachment(value: unknown): WireAttachment {
  const fields = requireObject(value, 'attachment');
  return {
    file_id: optionalString(fields, 'file_id'),
    tools: readItems(fields, 'tools', (tool) => requireString(requireObject(tool, 'tool'), 'type')),
  };
}

/** For an unsupported kind. The `type` must have been read before. */
export const readUnknown = (fields: Fields, name: string): WireUnknown => ({
  type: 'unknown',
  raw: jsonObject(fields, name) as WireUnknown['raw'],
});

/** Reads a request body as if it were a response, in which a text is an object. */
function readSent(sent: object): Pick<WireMessage, 'content' | 'metadata'> {
  const fields = requireObject(sent, 'message');
  const content = readItems(fields, 'content', (part) => {
    const { text } = requireObject(part, 'content');
    return readContent(typeof text === 'string' ? { type: 'text', text: { value: text } } : part);
  });
  return { content, metadata: readMetadata(fields) };
}

/** Not cacheable, because runs write messages. */
export const messages: ResourceDefinition<WireMessage, WireMessageBody, WireMetadataBody> = {
  name: 'messages',
  segments: ['threads', 'messages'],
  noun: 'message',
  read: readMessage,
  isCacheable: false,
  isListed: true,
  isCreatedFrom: ({ role, content, metadata }, message) =>
    role === message.role &&
    matchesRequest(
      { content: typeof content === 'string' ? [{ type: 'text', text: content }] : content, metadata },
      { content: message.content, metadata: message.metadata },
      readSent,
    ),
  isModified: (body, message) =>
    matchesRequest(body, { metadata: message.metadata }, (sent) => ({
      metadata: readMetadata(requireObject(sent, 'message')),
    })),
};
